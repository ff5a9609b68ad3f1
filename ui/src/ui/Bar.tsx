/** How much of something there is, drawn; words beside it say the same. */
export function Bar({ value, max }: { value: number; max: number }) {
  const part = max > 0 ? Math.min(1, value / max) : 0;
  return (
    <div aria-hidden className="my-1.5 h-1 w-full overflow-hidden rounded-full bg-raised">
      <div className="h-full rounded-full bg-busy" style={{ width: `${part * 100}%` }} />
    </div>
  );
}

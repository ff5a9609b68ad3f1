/** Whether a key that was pressed there is text for something, or belongs to a dialog. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, textarea, select, .cm-host, [role=dialog]") !== null;
}

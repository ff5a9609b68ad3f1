import { Toast } from "radix-ui";
import { createContext, type ReactNode, useCallback, useContext, useState } from "react";

interface Shown {
  id: number;
  text: string;
}

const NoticeContext = createContext<(text: string) => void>(() => {});

/** Says what was done, where every page can hear of it. */
export function useNotice(): (text: string) => void {
  return useContext(NoticeContext);
}

export function NoticeProvider({ children }: { children: ReactNode }) {
  const [shown, setShown] = useState<Shown[]>([]);
  const notify = useCallback((text: string) => setShown((all) => [...all, { id: Date.now(), text }]), []);
  const remove = (id: number) => setShown((all) => all.filter((each) => each.id !== id));
  return (
    <NoticeContext value={notify}>
      <Toast.Provider duration={6000}>
        {children}
        {shown.map(({ id, text }) => (
          <Toast.Root key={id} className="card p-3 shadow-lg" onOpenChange={(open) => open || remove(id)}>
            <Toast.Description className="break-words">{text}</Toast.Description>
          </Toast.Root>
        ))}
        <Toast.Viewport className="fixed right-4 bottom-4 z-50 flex w-96 max-w-[calc(100vw-2rem)] flex-col gap-2" />
      </Toast.Provider>
    </NoticeContext>
  );
}

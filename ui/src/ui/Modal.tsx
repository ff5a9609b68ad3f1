import { Dialog } from "radix-ui";
import type { ReactNode } from "react";

interface ModalProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  description: string;
  wide?: boolean;
  children: ReactNode;
}

/**
 * A dialog. Its backdrop is not Radix's overlay: that locks scrolling with a style element, which the content
 * security policy forbids.
 */
export function Modal({ open, onOpenChange, title, description, wide = false, children }: ModalProps) {
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <div className="fixed inset-0 z-40 bg-black/50" />
        <Dialog.Content
          className={`card fixed top-[10vh] left-1/2 z-50 max-h-[85vh] max-w-[calc(100vw-2rem)] -translate-x-1/2 overflow-y-auto p-5 shadow-xl ${wide ? "w-[64rem]" : "w-[34rem]"}`}
        >
          <Dialog.Title className="font-semibold text-base">{title}</Dialog.Title>
          <Dialog.Description className="mt-1 mb-4 text-muted">{description}</Dialog.Description>
          {children}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

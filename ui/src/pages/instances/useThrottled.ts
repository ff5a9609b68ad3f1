import { useCallback, useEffect, useRef } from "react";

const AGAIN_MS = 2000;

/** Runs the action at once, then at most every two seconds. */
export function useThrottled(action: () => void): () => void {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const wanted = useRef(false);
  const latest = useRef(action);
  useEffect(() => {
    latest.current = action;
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback(() => {
    const run = () => {
      wanted.current = false;
      latest.current();
      timer.current = setTimeout(() => {
        timer.current = undefined;
        if (wanted.current) run();
      }, AGAIN_MS);
    };
    if (timer.current === undefined) run();
    else wanted.current = true;
  }, []);
}

import { Link2 } from "lucide-react";
import { memo } from "react";
import type { HistoryEvent } from "../../api/client";
import { clockTime, duration, exactTime } from "../../lib/format";
import { preview } from "../../lib/preview";
import { Button } from "../../ui/Button";
import { useNotice } from "../../ui/Notice";
import { Payload } from "../../ui/Payload";
import { payloadOf, summary, tone } from "./events";
import { FailureView } from "./FailureView";

export const HISTORY_COLUMNS =
  "grid grid-cols-[3rem_5.5rem_12.5rem_minmax(0,1fr)] lg:grid-cols-[3.5rem_6.5rem_5.5rem_14rem_minmax(0,1fr)] gap-3 px-4";

interface HistoryRowProps {
  event: HistoryEvent;
  /** Where times are counted from. */
  from: number;
  open: boolean;
  /** Says whether it is open now. */
  onToggle: (index: number, open: boolean) => void;
}

export const HistoryRow = memo(function HistoryRow({ event, from, open, onToggle }: HistoryRowProps) {
  const at = new Date(event.timestamp);
  return (
    <>
      <button
        type="button"
        aria-expanded={open}
        className={`${HISTORY_COLUMNS} h-8 w-full items-center text-left -outline-offset-2 hover:bg-raised ${open ? "bg-raised" : ""}`}
        onClick={() => onToggle(event.index, open)}
      >
        <span className="text-right text-muted tabular-nums">{event.index}</span>
        <time dateTime={event.timestamp} title={exactTime(at)} className="hidden text-muted tabular-nums lg:block">
          {clockTime(at)}
        </time>
        <span className="text-muted tabular-nums">+{duration(Math.max(0, at.getTime() - from))}</span>
        <span className={`truncate font-medium ${tone(event)}`}>{event.type}</span>
        <span className="truncate">
          {summary(event)} <span className="ml-1.5 font-mono text-muted text-xs">{preview(payloadOf(event))}</span>
        </span>
      </button>
      {open && <EventDetail event={event} />}
    </>
  );
});

function EventDetail({ event: { failure, ...rest } }: { event: HistoryEvent }) {
  const notify = useNotice();
  const copyLink = () => {
    const url = new URL(location.href);
    url.searchParams.set("event", String(rest.index));
    void navigator.clipboard.writeText(url.href).then(() => notify("The link to this event was copied."));
  };
  return (
    <div className="flex flex-col gap-3 border-line border-t bg-raised/50 px-4 py-3">
      {failure && <FailureView failure={failure} />}
      <Payload value={rest} name={`event-${rest.index}`} />
      <div>
        <Button look="quiet" small className="-ml-2 text-xs" onClick={copyLink}>
          <Link2 aria-hidden className="size-3.5" /> Copy link to this event
        </Button>
      </div>
    </div>
  );
}

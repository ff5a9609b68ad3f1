import { Page } from "../../ui/Page";
import { CALLS, DURATION, SeriesCharts, THROUGHPUT } from "../../ui/SeriesCharts";
import { Attention } from "./Attention";
import { Figures } from "./Figures";
import { LastChanges, LongRunning, WorkerGlimpse } from "./Glimpses";

const WHOLE_SERVER = {};
const CHARTS = [THROUGHPUT, DURATION, CALLS];

export function HomePage() {
  return (
    <Page title="Home">
      <Figures />
      <Attention />
      <SeriesCharts of={WHOLE_SERVER} figures={CHARTS} />
      <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
        <LastChanges />
        <div className="grid gap-4 md:grid-cols-2 xl:grid-cols-1">
          <LongRunning />
          <WorkerGlimpse />
        </div>
      </div>
    </Page>
  );
}

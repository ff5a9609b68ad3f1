import { Link } from "@tanstack/react-router";
import { Page } from "../ui/Page";

export function NotFound() {
  return (
    <Page title="There is no such page">
      <p className="text-muted">
        The address may be mistyped.{" "}
        <Link to="/" className="link">
          Go home
        </Link>
      </p>
    </Page>
  );
}

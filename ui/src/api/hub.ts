/**
 * The task hub that this page shows; the default one when undefined. It stands in the URL, and does not change while
 * the page is open: choosing another loads the page anew, so that nothing of two hubs is ever mixed.
 */
export const hub = new URLSearchParams(window.location.search).get("hub")?.replaceAll('"', "");

/** A URL of the API with the hub in it, for what cannot send headers, as event streams and links. */
export function withHub(url: string): string {
  if (hub === undefined) return url;
  return `${url}${url.includes("?") ? "&" : "?"}taskHub=${encodeURIComponent(hub)}`;
}

/** Goes to the home page of another hub. */
export function openHub(name: string | undefined): void {
  window.location.assign(name === undefined ? "/" : `/?hub=${encodeURIComponent(name)}`);
}

import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

// Compiled by `make clients` against the generated types; it is not run.
const client = createClient<paths>({ baseUrl: "http://127.0.0.1:8080/v1" });

export async function namesOfContainers(): Promise<(string | null | undefined)[]> {
  const { data, error } = await client.GET("/containers", { params: { query: { all: true } } });
  if (error) {
    throw new Error(`${error.code}: ${error.detail}`);
  }

  if (typeof data === "string") {
    throw new Error("not JSON, which openapi-fetch accepts by default");
  }

  return data.items.map((row) => row.name);
}

export async function commit(container: string, tag: string): Promise<void> {
  const { error } = await client.POST("/images/commit", { body: { container, tag } });
  if (error?.code === "container_not_found") {
    throw new Error(error.detail);
  }
}

/** A line of a build's stream. A line of an unknown type is skipped. */
export function textOf(line: components["schemas"]["BuildEvent"]): string | undefined {
  switch (line.type) {
    case "log":
      return (line as components["schemas"]["LogEvent"]).text;
    case "result":
      return (line as components["schemas"]["ResultEvent"]).state;
    default:
      return undefined;
  }
}

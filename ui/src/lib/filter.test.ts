import { describe, expect, it } from "vitest";
import { filterParameters, parseFilter, terms, withoutTerm, withStatuses } from "./filter";

const NOW = new Date("2026-03-01T12:00:00Z");

describe("parseFilter", () => {
  it("reads fields, ages and bare words", () => {
    const { filter, problems } = parseFilter("status:failed status:running name:Order* created<2h abc", NOW);
    expect(problems).toEqual([]);
    expect(filter).toEqual({
      status: ["Failed", "Running"],
      name: ["Order*"],
      createdFrom: "2026-03-01T10:00:00.000Z",
      idContains: "abc",
    });
  });

  it("tells ages from times", () => {
    expect(parseFilter("created>1d", NOW).filter).toEqual({ createdTo: "2026-02-28T12:00:00.000Z" });
    expect(parseFilter("created>2026-01-01T00:00Z", NOW).filter).toEqual({ createdFrom: "2026-01-01T00:00:00.000Z" });
  });

  it("keeps quoted spaces", () => {
    expect(parseFilter('tag:shop="new york" id:order-*', NOW).filter).toEqual({
      tags: { shop: "new york" },
      idPrefix: "order-",
    });
  });

  it.each(["status:nope", "colour:red", "tag:alone", "is:odd", "size>3h", "created>soon", "name:"])(
    "says what is wrong with %s",
    (text) => {
      const { filter, problems } = parseFilter(text, NOW);
      expect(filter).toEqual({});
      expect(problems).toHaveLength(1);
    },
  );
});

describe("editing the text", () => {
  it("splits, removes and replaces terms", () => {
    expect(terms('a  tag:x="b c"')).toEqual(["a", 'tag:x="b c"']);
    expect(withoutTerm("status:failed abc", "abc")).toBe("status:failed");
    expect(withStatuses("abc status:failed", ["Running"])).toBe("status:running abc");
  });
});

it("writes tags as parameters", () => {
  expect(filterParameters({ tags: { a: "1" }, rootsOnly: true })).toEqual({ rootsOnly: true, tag: ["a=1"] });
});

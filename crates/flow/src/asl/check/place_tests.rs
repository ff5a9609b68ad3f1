use super::*;
use crate::asl::check::inspect;
use crate::asl::limits::Limits;

/// What is marked: `line:column-line:column pointer «marked text» message`.
fn marked(text: &str, format: Format) -> Vec<String> {
    let problems = inspect(text, format, &Limits::default(), false).problems;
    let placed = locate(text, format, problems);
    placed.iter().map(|placed| shown(text, placed)).collect()
}

fn shown(text: &str, placed: &Placed) -> String {
    let Place { line, column, end_line, end_column } = placed.place;
    assert_eq!(line, end_line, "a place is within a line");
    let units: Vec<u16> = text.lines().nth(line - 1).unwrap_or_default().encode_utf16().collect();
    let marked = String::from_utf16(&units[column - 1..end_column - 1]).unwrap();
    let message: String = placed.problem.message.chars().take(40).collect();
    format!("{line}:{column}-{end_column} {:?} «{marked}» {message}", placed.pointer)
}

#[test]
fn json_problems_are_found_in_the_text() {
    let text = r#"{
  "StartAt": "Nowhere",
  "States": {
    "A/b~c": { "Type": "Pass", "Next": "Z", "Resutl": 1 },
    "P": {
      "Type": "Parallel", "End": true,
      "Branches": [ {"StartAt": "X", "States": {"X": {"Type": "Pass"}}},
        {"StartAt": "Y", "States": {"Y": {"Type": "Wait", "Seconds": "süß🙂", "End": "no"}}} ]
    }
  }
}"#;
    insta::assert_snapshot!(marked(text, Format::Json).join("\n"), @r#"
    2:14-23 "/StartAt" «"Nowhere"» Missing 'Next' target: Nowhere
    4:55-56 "/States/A~1b~0c/Resutl" «1» Field 'Resutl' is not supported in a Pas
    4:40-43 "/States/A~1b~0c/Next" «"Z"» Missing 'Next' target: Z
    7:49-52 "/States/P/Branches/0/States/X" «"X"» The state must have either the field 'Ne
    8:70-77 "/States/P/Branches/1/States/Y/Seconds" «"süß🙂"» Expected a number, but got: "süß🙂"
    8:86-90 "/States/P/Branches/1/States/Y/End" «"no"» Expected a boolean, but got: "no"
    8:37-40 "/States/P/Branches/1/States/Y" «"Y"» The state must have either the field 'Ne
    "#);
}

#[test]
fn yaml_problems_are_found_in_the_text() {
    let text = "# a machine\nStartAt: Nowhere\nStates:\n  A/b:\n    Type: Pass\n    Next: \"Z\"\n    Resutl: 1\n  P:\n    Type: Parallel\n    End: true\n    Branches:\n      - StartAt: X\n        States:\n          X: { Type: Pass }\n      - StartAt: Q\n        States:\n          Q:\n            Type: Wait\n            Seconds: süß🙂\n            End: 'no'\n";
    insta::assert_snapshot!(marked(text, Format::Yaml).join("\n"), @r#"
    2:10-17 "/StartAt" «Nowhere» Missing 'Next' target: Nowhere
    7:13-14 "/States/A~1b/Resutl" «1» Field 'Resutl' is not supported in a Pas
    6:11-14 "/States/A~1b/Next" «"Z"» Missing 'Next' target: Z
    14:11-12 "/States/P/Branches/0/States/X" «X» The state must have either the field 'Ne
    19:22-27 "/States/P/Branches/1/States/Q/Seconds" «süß🙂» Expected a number, but got: "süß🙂"
    20:18-22 "/States/P/Branches/1/States/Q/End" «'no'» Expected a boolean, but got: "no"
    17:11-12 "/States/P/Branches/1/States/Q" «Q» The state must have either the field 'Ne
    "#);
}

#[test]
fn states_that_nothing_leads_to_are_marked_by_their_names() {
    let json =
        "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Succeed\"},\n \"B\" : {\"Type\":\"Succeed\"}}}";
    insta::assert_snapshot!(marked(json, Format::Json).join("\n"), @r#"2:2-5 "/States/B" «"B"» State 'B' is not reachable."#);
    let yaml = "StartAt: A\nStates:\n  A: {Type: Succeed}\n  \"B\":\n    Type: Succeed\n";
    insta::assert_snapshot!(marked(yaml, Format::Yaml).join("\n"), @r#"4:3-6 "/States/B" «"B"» State 'B' is not reachable."#);
}

#[test]
fn a_text_that_cannot_be_read_is_marked_where_it_breaks() {
    let of = |text, format| marked(text, format).join("\n");
    let broken = "{\n  \"StartAt\": \"A\",\n  \"States\": { \"ü\": tru }\n}";
    insta::assert_snapshot!(of(broken, Format::Json), @r#"3:23-24 "" « » expected ident at line 3 column 24"#);
    insta::assert_snapshot!(of("{\n  \"StartAt\": \"A\"", Format::Json), @r#"2:16-17 "" «"» EOF while parsing an object at line 2 co"#);
    insta::assert_snapshot!(of("hello", Format::Json), @r#"1:1-2 "" «h» Unrecognized token 'hello': was expectin"#);
    insta::assert_snapshot!(of("[1]", Format::Json), @r#"1:1-2 "" «[» Definition must be a valid JSON object"#);
    insta::assert_snapshot!(of("", Format::Json), @r#"1:1-1 "" «» Definition must be a valid JSON object"#);
    insta::assert_snapshot!(of("StartAt: A\nStates:\n  A: [1\n  B: 2\n", Format::Yaml), @r#"4:4-5 "" «:» error: line 4 column 4: illegal placemen"#);
    insta::assert_snapshot!(of("- 1\n- 2\n", Format::Yaml), @r#"1:1-4 "" «- 1» Definition must be a valid JSON object"#);
}

#[test]
fn what_is_missing_is_marked_where_it_should_be() {
    insta::assert_snapshot!(marked("  {\"States\": {}}", Format::Json).join("\n"), @r#"1:3-4 "" «{» These fields are required: [StartAt]"#);
    insta::assert_snapshot!(marked("Comment: none\n", Format::Yaml).join("\n"), @r#"1:1-2 "" «C» These fields are required: [States, Star"#);
}

#[test]
fn pointers_are_followed_as_far_as_they_lead() {
    let text = r#"{"a": {"b/c": [1, {"d": null}], "b": 2}}"#;
    let tree = read(text, Format::Json).unwrap();
    let of = |pointer| {
        let (written, bytes) = found(&tree, pointer);
        format!("{written} {}", &text[bytes])
    };
    assert_eq!(of("/a/b/c[1]/d"), "/a/b~1c/1/d null");
    assert_eq!(of("/a/b/c/1"), "/a/b~1c/1 {");
    assert_eq!(of("/a/b/x"), "/a/b 2");
    assert_eq!(of("/a/b/c"), "/a/b~1c \"b/c\"");
    assert_eq!(of("/x"), " {");
    assert_eq!(of("/"), " {");
}

#[test]
fn any_text_has_a_place() {
    proptest::proptest!(|(text in ".{0,60}", json in proptest::bool::ANY)| {
        let format = if json { Format::Json } else { Format::Yaml };
        let _ = marked(&text, format);
    });
}

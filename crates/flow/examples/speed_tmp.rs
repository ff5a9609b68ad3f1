#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]
use partita::{OrchestrationContext, Runtime, testing};
use partita_flow::asl::check::{Format, check};
use partita_flow::asl::events::Blind;
use partita_flow::asl::orchestrator::{Environment, run};
use partita_flow::asl::token::HmacMint;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Instant;

fn measure(name: &str, def: Value, input: Value, times: u32) {
    let t = Instant::now();
    let machine = check(&def.to_string(), Format::Json).unwrap();
    println!("{name}: checked in {:?}", t.elapsed());
    let env = Arc::new(Environment {
        mint: Arc::new(HmacMint::new(b"k")), observer: Arc::new(Blind), limits: Default::default(),
        place: Default::default(), role_arn: String::new(), execution_name: |_, i| i.to_owned(), instance_id: |_, n| n.to_owned(), custom_status: true,
    });
    let builder = Runtime::builder().orchestrator("M", move |ctx: OrchestrationContext, input: Value| {
        let (machine, env) = (machine.clone(), env.clone());
        async move {
            let t = Instant::now();
            let mut out = Value::Null;
            for _ in 0..times { out = run(machine.clone(), env.clone(), ctx.clone(), input.clone()).await?; }
            println!("   inside: {:?} each", t.elapsed() / times);
            Ok::<_, partita::Error>(out)
        }
    });
    testing::run(builder, |client| async move {
        let t = Instant::now();
        let id = client.start("M", &input).await?;
        let _: Value = client.result(&id).await?;
        println!("   outside: {:?} for {times}", t.elapsed());
        Ok(())
    }).unwrap();
}

fn main() {
    let five: serde_json::Map<String, Value> = (0..5).map(|n| (format!("S{n}"), if n < 4 { json!({"Type":"Pass","Next":format!("S{}", n + 1)}) } else { json!({"Type":"Pass","End":true}) })).collect();
    measure("five passes", json!({"StartAt":"S0","States":five}), json!({"a":1}), 1000);
    let five: serde_json::Map<String, Value> = (0..5).map(|n| (format!("S{n}"), if n < 4 { json!({"Type":"Pass","Parameters":{"a.$":"$.a","c.$":"$$.State.Name"},"ResultPath":"$.r","Next":format!("S{}", n + 1)}) } else { json!({"Type":"Pass","End":true}) })).collect();
    measure("five passes with parameters", json!({"StartAt":"S0","States":five}), json!({"a":1}), 1000);
    let five: serde_json::Map<String, Value> = (0..5).map(|n| (format!("S{n}"), if n < 4 { json!({"Type":"Pass","Output":{"a":"{% $states.input.a + 1 %}"},"Next":format!("S{}", n + 1)}) } else { json!({"Type":"Pass","End":true}) })).collect();
    measure("five passes jsonata", json!({"QueryLanguage":"JSONata","StartAt":"S0","States":five}), json!({"a":1}), 1000);
    let items: Vec<u32> = (0..10_000).collect();
    let p = json!({"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}});
    measure("map", json!({"StartAt":"M","States":{"M":{"Type":"Map","ItemProcessor":p,"End":true}}}), json!(items), 1);
    measure("map selector", json!({"StartAt":"M","States":{"M":{"Type":"Map","ItemSelector":{"v.$":"$$.Map.Item.Value","i.$":"$$.Map.Item.Index","x":1},"ItemProcessor":p,"End":true}}}), json!(items), 1);
    measure("map jsonata selector input", json!({"QueryLanguage":"JSONata","StartAt":"M","States":{"M":{"Type":"Map","Items":"{% $states.input.items %}","ItemSelector":{"v":"{% $states.context.Map.Item.Value * $states.input.by %}"},"ItemProcessor":p,"End":true}}}), json!({"items":items,"by":3}), 1);
    let big: Vec<Value> = (0..10_000).map(|i| json!({"id": i, "name": "some name that is long", "tags": ["a","b","c"], "o": {"x": 1.5}})).collect();
    measure("map big items", json!({"StartAt":"M","States":{"M":{"Type":"Map","ItemProcessor":p,"End":true}}}), json!(big), 1);
}

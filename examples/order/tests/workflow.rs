//! The orchestrators in virtual time: every outcome of an order, with activities that only take notes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // what is not as expected fails the test

use order_example::domain::{
    Address, CartItem, Money, OrderResult, PaymentOutcome, Reservation, ReservedItem, Shipment, StartOrder,
    UserData,
};
use order_example::workflow::{self, PAYMENT_FAIL, PAYMENT_SUCCESS, Step, payment_id};
use parking_lot::Mutex;
use partita::{ActivityContext, Client, Error, InstanceId, Result, Runtime, RuntimeBuilder, Status, testing};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use uuid::Uuid;

const RESERVATION: Uuid = Uuid::from_u128(7);
const SHIPMENT: Uuid = Uuid::from_u128(8);
const PRODUCT: Uuid = Uuid::from_u128(9);
const A_DAY: Duration = Duration::from_secs(86_400);

/// Services that take notes, and fail a given number of times.
#[derive(Clone, Default)]
struct Fakes {
    calls: Arc<Mutex<Vec<(String, Uuid)>>>,
    failures: Arc<Mutex<Vec<(&'static str, u32)>>>,
    payment_asked: Arc<Notify>,
}

impl Fakes {
    fn failing(activity: &'static str, times: u32) -> Self {
        let fakes = Self::default();
        fakes.failures.lock().push((activity, times));
        fakes
    }

    fn note(&self, activity: &str, key: Uuid) -> Result<()> {
        self.calls.lock().push((activity.to_owned(), key));
        for (failing, times) in self.failures.lock().iter_mut() {
            if *failing == activity && *times > 0 {
                *times -= 1;
                return Err(Error::new("Unavailable", format!("{activity} is down")));
            }
        }
        Ok(())
    }

    /// The calls so far, by name.
    fn calls(&self) -> Vec<String> {
        self.calls.lock().iter().map(|(name, _)| name.clone()).collect()
    }

    fn keys(&self, activity: &str) -> Vec<Uuid> {
        self.calls.lock().iter().filter(|(name, _)| name == activity).map(|(_, key)| *key).collect()
    }

    fn offer<O: serde::Serialize + Clone + Send + Sync + 'static>(
        &self,
        builder: RuntimeBuilder,
        activity: &'static str,
        answer: O,
    ) -> RuntimeBuilder {
        let fakes = self.clone();
        builder.activity(activity, move |_: ActivityContext, step: Step<Value>| {
            let (noted, answer) = (fakes.note(activity, step.key), answer.clone());
            if activity == "StartPayment" && noted.is_ok() {
                fakes.payment_asked.notify_one();
            }
            async move { noted.map(|()| answer) }
        })
    }

    fn builder(&self) -> RuntimeBuilder {
        let builder = Runtime::builder()
            .orchestrator(workflow::NEW_ORDER, workflow::new_order)
            .orchestrator(workflow::PAYMENT, workflow::payment);
        let address = Address { street: "s".into(), city: "c".into(), country: "GB".into() };
        let items = vec![ReservedItem { product_id: PRODUCT, count: 2, unit_price: Money::usd(1_000) }];
        let builder =
            self.offer(builder, "GetShoppingCart", vec![CartItem { product_id: PRODUCT, count: 2 }]);
        let user = UserData { user_id: Uuid::from_u128(3), name: "Ada".into(), address };
        let builder = self.offer(builder, "GetUserDetails", user);
        let reservation = Reservation { reservation_id: RESERVATION, items };
        let builder = self.offer(builder, "CheckAndReserveItems", reservation);
        let builder = self.offer(builder, "CalculateShippingCost", Money::usd(600));
        let builder = self.offer(builder, "CalculateFinalCost", Money::usd(2_600));
        let builder = self.offer(builder, "StartPayment", ());
        let builder = self.offer(builder, "SendShippingOrder", Shipment { shipment_id: SHIPMENT });
        self.offer(builder, "ReleaseReservation", ())
    }
}

async fn start(client: &Client) -> Result<InstanceId> {
    let order = StartOrder {
        correlation_id: Uuid::from_u128(1),
        shopping_cart_id: Uuid::from_u128(2),
        user_id: Uuid::from_u128(3),
        payment_timeout_seconds: 60,
    };
    client.start(workflow::NEW_ORDER, &order).await
}

async fn status(client: &Client, id: &InstanceId) -> Result<Value> {
    let view = client.get(id).await?.unwrap();
    Ok(serde_json::from_str(view.custom_status.unwrap().as_str())?)
}

/// Runs an order, in which `event` is raised once the provider was asked.
fn order(fakes: &Fakes, event: Option<&'static str>) -> (OrderResult, Duration) {
    let asked = fakes.payment_asked.clone();
    testing::run(fakes.builder(), |client| async move {
        let began = client.engine().now();
        let id = start(&client).await?;
        if let Some(event) = event {
            asked.notified().await;
            assert_eq!(status(&client, &id).await?, "AwaitingPayment");
            let payment = client.engine().instance_id(&payment_id(id.as_str()))?;
            client.raise_event(&payment, event, &()).await?;
        }
        let result = client.result::<OrderResult>(&id).await?;
        assert_eq!(status(&client, &id).await?, "Completed");
        Ok((result, client.engine().now().since(began)))
    })
    .unwrap()
}

const UNTIL_PAYMENT: [&str; 6] = [
    "GetShoppingCart",
    "GetUserDetails",
    "CheckAndReserveItems",
    "CalculateShippingCost",
    "CalculateFinalCost",
    "StartPayment",
];

fn then(last: &str) -> Vec<String> {
    UNTIL_PAYMENT.iter().copied().chain([last]).map(str::to_owned).collect()
}

#[test]
fn a_paid_order_is_shipped() {
    let fakes = Fakes::default();
    let (result, _) = order(&fakes, Some(PAYMENT_SUCCESS));
    assert_eq!(
        result,
        OrderResult {
            payment: PaymentOutcome::Paid,
            price: Money::usd(2_600),
            reservation_id: RESERVATION,
            shipment_id: Some(SHIPMENT),
        }
    );
    assert_eq!(fakes.calls(), then("SendShippingOrder"));
}

#[test]
fn a_refused_payment_releases_the_reservation() {
    let fakes = Fakes::default();
    let (result, _) = order(&fakes, Some(PAYMENT_FAIL));
    assert_eq!((result.payment, result.shipment_id), (PaymentOutcome::Refused, None));
    assert_eq!(fakes.calls(), then("ReleaseReservation"));
}

#[test]
fn silence_releases_the_reservation_after_a_minute() {
    let fakes = Fakes::default();
    let (result, took) = order(&fakes, None);
    assert_eq!((result.payment, result.shipment_id), (PaymentOutcome::TimedOut, None));
    assert!((60..70).contains(&took.as_secs()), "{took:?}");
    assert_eq!(fakes.calls(), then("ReleaseReservation"));
}

#[test]
fn every_step_is_tried_three_times_under_one_key() {
    let steps = UNTIL_PAYMENT.iter().map(|step| (*step, PAYMENT_SUCCESS));
    for (activity, event) in
        steps.chain([("SendShippingOrder", PAYMENT_SUCCESS), ("ReleaseReservation", PAYMENT_FAIL)])
    {
        let fakes = Fakes::failing(activity, 2);
        let (_, took) = order(&fakes, Some(event));
        assert!((10..20).contains(&took.as_secs()), "{activity}: {took:?}");
        let keys = fakes.keys(activity);
        assert_eq!(keys.len(), 3, "{activity}");
        assert!(keys.iter().all(|key| *key == keys[0]), "{activity}: {keys:?}");
        assert_eq!(fakes.calls().len(), 9, "{activity}: nothing else is done twice: {:?}", fakes.calls());
    }
}

#[test]
fn a_step_that_fails_for_good_fails_the_order_and_a_rewind_goes_on_from_there() {
    for activity in ["CalculateShippingCost", "StartPayment", "SendShippingOrder"] {
        let fakes = Fakes::failing(activity, 3);
        let (asked, noted) = (fakes.payment_asked.clone(), fakes.clone());
        testing::run(fakes.builder(), |client| async move {
            let id = start(&client).await?;
            let pays = async {
                asked.notified().await;
                let payment = client.engine().instance_id(&payment_id(id.as_str()))?;
                client.raise_event(&payment, PAYMENT_SUCCESS, &()).await
            };
            let fails = async {
                let view = client.wait(&id, A_DAY).await?;
                assert_eq!(view.status, Status::Failed, "{activity}");
                assert!(view.failure.unwrap().to_string().contains(&format!("{activity} is down")));
                assert_eq!(noted.keys(activity).len(), 3);
                client.rewind(&id, "it is up again").await?;
                client.result::<OrderResult>(&id).await
            };
            let (paid, result) = partita::join(pays, fails).await;
            paid?;
            assert_eq!(result?.shipment_id, Some(SHIPMENT), "{activity}");
            Ok(())
        })
        .unwrap();
        let keys = fakes.keys(activity);
        assert_eq!(keys.len(), 4, "{activity}");
        assert!(keys.iter().all(|key| *key == keys[0]), "{activity}: a rewind keeps the key: {keys:?}");
        assert_eq!(fakes.calls().len(), 10, "{activity}: nothing else is done twice: {:?}", fakes.calls());
    }
}

#[test]
fn a_deadline_that_passes_while_the_provider_is_asked_counts() {
    let fakes = Fakes::failing("StartPayment", 2);
    let builder = fakes.builder();
    testing::run(builder, |client| async move {
        let order = StartOrder {
            correlation_id: Uuid::from_u128(1),
            shopping_cart_id: Uuid::from_u128(2),
            user_id: Uuid::from_u128(3),
            payment_timeout_seconds: 7,
        };
        let id = client.start(workflow::NEW_ORDER, &order).await?;
        assert_eq!(client.result::<OrderResult>(&id).await?.payment, PaymentOutcome::TimedOut);
        Ok(())
    })
    .unwrap();
}

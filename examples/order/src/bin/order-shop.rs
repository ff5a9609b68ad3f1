//! The shop: all the microservices that an order needs, in one process and in memory.

use order_example::shop;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    order_example::settings::log();
    let address = match std::env::var("SHOP_LISTEN") {
        Ok(address) => address.parse().map_err(|error| format!("SHOP_LISTEN={address:?}: {error}"))?,
        Err(_) => SocketAddr::from((Ipv4Addr::LOCALHOST, 4100)),
    };
    let listener =
        tokio::net::TcpListener::bind(address).await.map_err(|error| format!("{address}: {error}"))?;
    tracing::info!(address = %listener.local_addr()?, "the shop is open");
    axum::serve(listener, shop::router()?).await?;
    Ok(())
}

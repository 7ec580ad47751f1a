//! What counting costs and what it says.

use super::*;

fn text(metrics: &Metrics) -> String {
    String::from_utf8(metrics.text().expect("a text")).expect("UTF-8")
}

#[test]
fn what_was_counted_is_said_under_bounded_labels() {
    let metrics = Metrics::new().expect("metrics");
    metrics.requests.ended(Route::Query, "POST", Some(200), Duration::from_millis(2));
    metrics.requests.ended(Route::Page, "BREW", Some(700), Duration::ZERO);
    metrics.requests.ended(Route::Hub, "PUT", None, Duration::ZERO);
    metrics.watch("connhub_watched", "Some number.", || 7.5);
    metrics.watch("connhub_watched", "The same name again.", || 1.0);
    metrics.database.written(3, Duration::from_millis(1), false);
    let text = text(&metrics);
    for line in [
        "connhub_http_requests_total{method=\"POST\",route=\"query\",status=\"2xx\"} 1",
        "connhub_http_requests_total{method=\"other\",route=\"page\",status=\"5xx\"} 1",
        "connhub_http_requests_total{method=\"PUT\",route=\"hub\",status=\"none\"} 1",
        "connhub_http_request_seconds_bucket{route=\"query\",le=\"0.001\"} 0",
        "connhub_http_request_seconds_bucket{route=\"query\",le=\"0.0025\"} 1",
        "connhub_watched 7.5",
        "connhub_database_write_changes_sum 3",
        "connhub_database_write_failures_total 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
    }
}

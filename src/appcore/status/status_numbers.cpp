#include "appcore/status/status_numbers.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <utility>

#include "appcore/http/status.hpp"

namespace appcore::status {
namespace {

using Json = nlohmann::ordered_json;
using metrics::Traffic;
using store::Word;

constexpr int kFirstError = 500;
constexpr double kMilliseconds = 1000;  // in a second

using Replies = std::array<Word, store::kStatusLabels>;

Replies replies_of(const store::Totals& totals) {
    Replies replies{};
    for (const auto& [at, cell] : totals.requests) {
        std::ranges::transform(replies, cell.replies, replies.begin(), std::plus<>{});
    }
    return replies;
}

template <typename Words>
Word sum_of(const Words& words) {
    return std::accumulate(words.begin(), words.end(), Word{0});
}

Json milliseconds(const store::Buckets& buckets, double quantile) {
    const auto seconds = metrics::quantile_of(buckets, quantile);
    if (!seconds) return nullptr;
    constexpr double kSteps = 100'000;  // a millisecond: the first bounds are some microseconds
    return std::round(*seconds * kMilliseconds * kSteps) / kSteps;
}

Json percentiles(const store::Buckets& buckets) {
    return {{"p50", milliseconds(buckets, 0.5)},
            {"p90", milliseconds(buckets, 0.9)},
            {"p95", milliseconds(buckets, 0.95)},
            {"p99", milliseconds(buckets, 0.99)}};
}

}  // namespace

Json rounded(std::optional<double> value) {
    if (!value) return nullptr;
    constexpr double kFactor = 1000;
    return std::round(*value * kFactor) / kFactor;
}

Json totals_json(const store::Totals& totals) {
    const Replies replies = replies_of(totals);
    Word errors = 0;
    Json by_status = Json::object();
    for (std::size_t i = 0; i < http::kStatusCodes.size(); ++i) {
        if (replies.at(i) == 0) continue;
        const int code = http::kStatusCodes.at(i).code;
        if (code >= kFirstError) errors += replies.at(i);
        by_status[std::to_string(code)] = replies.at(i);
    }
    if (replies.back() > 0) by_status[std::string(store::metric::kOther)] = replies.back();

    Word predictions = 0;
    for (const auto& model : totals.models) predictions += sum_of(model.cell.outcomes);
    return {{"requests", sum_of(replies)},
            {"errors", errors},
            {"predictions", predictions},
            {"by_status", std::move(by_status)}};
}

Json traffic_json(const Traffic& traffic) {
    Json error_ratio = nullptr;
    if (traffic.requests > 0) {
        error_ratio = static_cast<double>(traffic.errors) / static_cast<double>(traffic.requests);
    }
    return {{"seconds", rounded(traffic.time.count())},
            {"requests_per_second", rounded(traffic.per_second(traffic.requests))},
            {"errors_per_second", rounded(traffic.per_second(traffic.errors))},
            {"error_ratio", std::move(error_ratio)},
            {"latency_ms", percentiles(traffic.latency)},
            {"wait_ms", percentiles(traffic.wait)},
            {"duration_ms", percentiles(traffic.duration)}};
}

Json history_json(const std::vector<Traffic>& steps) {
    const auto series = [&steps](auto value_of) {
        Json values = Json::array();
        for (const Traffic& step : steps) values.push_back(value_of(step));
        return values;
    };
    const auto quantiles = [&series](store::Buckets Traffic::*buckets, double quantile) {
        return series([=](const Traffic& step) { return milliseconds(step.*buckets, quantile); });
    };
    const auto all_of = [&quantiles](store::Buckets Traffic::*buckets) -> Json {
        return {{"p50", quantiles(buckets, 0.5)},
                {"p90", quantiles(buckets, 0.9)},
                {"p99", quantiles(buckets, 0.99)}};
    };
    return {{"step_seconds", std::chrono::seconds(metrics::HistoryStep{1}).count()},
            {"requests_per_second",
             series([](const Traffic& step) { return rounded(step.per_second(step.requests)); })},
            {"errors_per_second",
             series([](const Traffic& step) { return rounded(step.per_second(step.errors)); })},
            {"p50_ms", quantiles(&Traffic::latency, 0.5)},
            {"p99_ms", quantiles(&Traffic::latency, 0.99)},
            {"latency_ms", all_of(&Traffic::latency)},
            {"wait_ms", all_of(&Traffic::wait)},
            {"duration_ms", all_of(&Traffic::duration)}};
}

}  // namespace appcore::status

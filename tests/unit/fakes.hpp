// Stand-ins for the seams to the outside.
#pragma once

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "appcore/api/observer.hpp"
#include "appcore/models/prediction_model.hpp"
#include "appcore/system/clock.hpp"
#include "appcore/system/ids.hpp"

namespace fakes {

// A clock that stands still until it is told to move.
class Clock final : public appcore::system::Clock {
  public:
    [[nodiscard]] appcore::system::WallTime wall() const override { return wall_now; }
    [[nodiscard]] appcore::system::SteadyTime steady() const override { return steady_now; }

    appcore::system::WallTime wall_now{std::chrono::microseconds(1795421208675307)};
    appcore::system::SteadyTime steady_now{std::chrono::seconds(1000)};
};

inline constexpr std::string_view kWallNow = "2026-11-23T08:06:48.675307+00:00";

// 00000000-0000-4000-8000-000000000001, ...2 and so on.
class Ids final : public appcore::system::IdSource {
  public:
    [[nodiscard]] appcore::system::Uuid next() override {
        std::array<unsigned char, 16> bytes{};
        bytes[15] = ++count;
        return appcore::system::Uuid(bytes);
    }
    unsigned char count = 0;
};

inline constexpr std::string_view kFirstId = "00000000-0000-4000-8000-000000000001";
inline constexpr std::string_view kSecondId = "00000000-0000-4000-8000-000000000002";

// Answers the number of features.
class CountingModel final : public appcore::models::PredictionModel {
  public:
    [[nodiscard]] std::string_view version() const override { return "test-v1"; }
    [[nodiscard]] double predict(std::span<const double> features) const override {
        return static_cast<double>(features.size());
    }
    [[nodiscard]] bool is_healthy() const override { return healthy; }
    bool healthy = true;
};

// Remembers what it was told.
class Observer final : public appcore::api::Observer {
  public:
    struct Seen {
        std::string request_id;
        std::string path;
        appcore::http::Endpoint endpoint;
        int status;
        bool predicted;
    };
    void request_ends(const appcore::api::Exchange& exchange) override {
        seen.push_back({std::string(exchange.request_id), std::string(exchange.path),
                        exchange.endpoint, exchange.status,
                        exchange.outcome.prediction.has_value()});
    }
    void failure(std::string_view what) override { failures.emplace_back(what); }

    std::vector<Seen> seen;
    std::vector<std::string> failures;
};

}  // namespace fakes

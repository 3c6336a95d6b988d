// What an endpoint does with a request that has found it.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "appcore/http/endpoint.hpp"
#include "appcore/http/request.hpp"
#include "appcore/http/response.hpp"

namespace appcore::api {

// What an action did besides replying, for the metrics.
struct Outcome {
    std::optional<std::chrono::nanoseconds> prediction;  // how long the model took, if it was asked
    bool prediction_failed = false;                      // it has no finite one
};

using Action = std::function<void(const http::Request&, http::Response&, Outcome&)>;

struct Route {
    http::Endpoint endpoint;
    Action action;
};

}  // namespace appcore::api

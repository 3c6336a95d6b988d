// GET /ready: whether a load balancer should send requests to this machine. No part of the old
// service's contract, and not in /openapi.json.
#pragma once

#include <functional>

#include "appcore/api/route.hpp"

namespace appcore::api {

// 200 while `can_predict` says so, otherwise 503; 503 also while the machine drains
// (Request::is_draining). `can_predict` is called by the thread that handles the request.
[[nodiscard]] Action ready_action(std::function<bool()> can_predict);

}  // namespace appcore::api

// Who is told of every exchange: metrics and log.
#pragma once

#include <string_view>

#include "appcore/api/route.hpp"
#include "appcore/http/endpoint.hpp"
#include "appcore/http/request.hpp"

namespace appcore::api {

// One request and its reply, which is about to be sent.
struct Exchange {
    const http::Request& request;
    std::string_view request_id;
    std::string_view path;  // decoded
    http::Endpoint endpoint;
    int status;
    const Outcome& outcome;
};

class Observer {
  public:
    Observer() = default;
    Observer(const Observer&) = delete;
    Observer& operator=(const Observer&) = delete;
    virtual ~Observer() = default;

    // Not called for /metrics and /ready, which machines poll, but for such requests that nginx
    // refused.
    virtual void request_ends(const Exchange& exchange) = 0;
    // Something that should not happen did; the client got a 503.
    virtual void failure(std::string_view what) = 0;
};

}  // namespace appcore::api

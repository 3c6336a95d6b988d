// What a crashing process still tells the web server about its request.
#pragma once

#include <string_view>

#include "appcore/guard/request_in_hand.hpp"

namespace appcore::guard {

// Whole FastCGI replies (specification, 5.3 and 5.5, to request 1) which send nginx to a location
// of deploy/nginx.conf: it answers with its own 504, ...
[[nodiscard]] std::string_view timeout_reply();
// ... or gives the request to another worker, but to no third. Without this reply, as when the
// process is killed, nginx cannot tell the request that a worker died of from those that only
// waited there.
[[nodiscard]] std::string_view crash_reply();

// Unless a reply to the request has begun to leave. Allocates and locks nothing, so a signal
// handler may send; never waits.
void send_parting_reply(const RequestView& request, std::string_view reply);

}  // namespace appcore::guard

// Names the request that crashes a process.
#pragma once

#include <string_view>

#include "appcore/guard/last_words.hpp"
#include "appcore/guard/request_in_hand.hpp"

namespace appcore::guard {

// From now on SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT of the serving thread say which request
// was at hand, and answer it by `reply` (parting_reply.hpp) unless that is empty, before they do
// what they do by default. Once per process; the references and the reply live as long as it. Does
// nothing in builds with a sanitizer, which has its own report.
void report_crashes(const RequestInHand& request, LastWords& last_words, std::string_view reply);

}  // namespace appcore::guard

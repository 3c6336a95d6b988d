#include "appcore/guard/crash_report.hpp"

#include <array>
#include <csignal>
#include <initializer_list>
#include <string_view>

#include "appcore/guard/parting_reply.hpp"
#include "appcore/guard/sanitizer.hpp"

namespace appcore::guard {
namespace {

// A signal handler has nothing but globals to read from.
// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables)
const RequestInHand* request_at_hand = nullptr;
LastWords* words = nullptr;
std::string_view reply_at_hand;
std::array<char, 64 * 1024> stack;  // of the handler: the process's own may be what has run out
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

std::string_view name_of(int number) {
    switch (number) {
        case SIGSEGV:
            return "crashes the process (SIGSEGV)";
        case SIGBUS:
            return "crashes the process (SIGBUS)";
        case SIGILL:
            return "crashes the process (SIGILL)";
        case SIGFPE:
            return "crashes the process (SIGFPE)";
        default:
            return "crashes the process (SIGABRT)";
    }
}

// SA_RESETHAND has restored the default, which the second signal finds.
void report(int number) {
    const RequestView request = request_at_hand->look();
    if (request.phase != Phase::none) {
        const system::SystemClock clock;
        send_parting_reply(request, reply_at_hand);
        words->say(name_of(number), request, clock.wall(), clock.steady());
    }
    std::raise(number);
}

}  // namespace

void report_crashes(const RequestInHand& request, LastWords& last_words, std::string_view reply) {
    if (kHasSanitizer) return;
    request_at_hand = &request;
    words = &last_words;
    reply_at_hand = reply;
    stack_t alternate = {};
    alternate.ss_sp = stack.data();
    alternate.ss_size = stack.size();
    sigaltstack(&alternate, nullptr);
    struct sigaction action = {};
    action.sa_handler = report;
    action.sa_flags = static_cast<int>(SA_ONSTACK | SA_RESETHAND | SA_NODEFER);
    sigemptyset(&action.sa_mask);
    for (const int number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) {
        sigaction(number, &action, nullptr);
    }
}

}  // namespace appcore::guard

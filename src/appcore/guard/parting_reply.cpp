#include "appcore/guard/parting_reply.hpp"

#include <sys/socket.h>

#include <string>

namespace appcore::guard {
namespace {

constexpr std::string_view kTimeout =
    "Status: 504 Gateway Timeout\r\nX-Accel-Redirect: /-/timeout\r\n\r\n";
// The status counts at the second death, when nginx is told to ignore the redirect.
constexpr std::string_view kCrash =
    "Status: 502 Bad Gateway\r\nX-Accel-Redirect: @last_try\r\n\r\n";

std::string reply_of(std::string_view head) {
    const auto record = [](char type, std::string_view content) {
        std::string bytes = {1, type, 0, 1, 0, static_cast<char>(content.size()), 0, 0};
        return bytes.append(content);
    };
    constexpr char kOut = 6;
    constexpr char kEndRequest = 3;
    const std::string complete(8, '\0');  // status 0, FCGI_REQUEST_COMPLETE
    return record(kOut, head) + record(kOut, "") + record(kEndRequest, complete);
}

}  // namespace

std::string_view timeout_reply() {
    static const std::string kReply = reply_of(kTimeout);
    return kReply;
}

std::string_view crash_reply() {
    static const std::string kReply = reply_of(kCrash);
    return kReply;
}

void send_parting_reply(const RequestView& request, std::string_view reply) {
    if (request.phase == Phase::none || request.phase == Phase::replying) return;
    ::send(request.connection, reply.data(), reply.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace appcore::guard

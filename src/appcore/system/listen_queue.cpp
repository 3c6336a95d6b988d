#include "appcore/system/listen_queue.hpp"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstring>
#include <string>
#include <string_view>
#include <system_error>

#include "appcore/system/file_descriptor.hpp"

namespace appcore::system {
namespace {

constexpr std::uint32_t kNoCookie = ~0U;  // as INET_DIAG_NOCOOKIE: whatever the socket's cookie is
constexpr std::uint32_t kListening = 10;  // TCP_LISTEN, which Unix sockets use as well

struct Request {
    nlmsghdr header;
    unix_diag_req body;
};

// "socket:[4711]" is how the kernel names it.
std::optional<std::uint32_t> socket_inode(pid_t pid) {
    std::array<char, 64> target{};
    const std::string path = "/proc/" + std::to_string(pid) + "/fd/0";
    const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
    std::string_view text(target.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    constexpr std::string_view prefix = "socket:[";
    if (text.substr(0, prefix.size()) != prefix) return std::nullopt;
    text.remove_prefix(prefix.size());
    std::uint32_t inode = 0;
    const auto error = std::from_chars(text.data(), text.data() + text.size(), inode).ec;
    return error == std::errc{} ? std::optional(inode) : std::nullopt;
}

// The attribute UNIX_DIAG_RQLEN of the kernel's one answer.
std::optional<std::uint32_t> queue_in(std::string_view answer) {
    nlmsghdr header{};
    unix_diag_msg message{};
    if (answer.size() < NLMSG_HDRLEN + sizeof message) return std::nullopt;
    std::memcpy(&header, answer.data(), sizeof header);
    if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY || header.nlmsg_len > answer.size()) {
        return std::nullopt;
    }
    std::memcpy(&message, answer.data() + NLMSG_HDRLEN, sizeof message);
    if (message.udiag_state != kListening) return std::nullopt;
    std::string_view rest = answer.substr(0, header.nlmsg_len);
    rest.remove_prefix(NLMSG_HDRLEN + NLMSG_ALIGN(sizeof message));
    while (rest.size() >= sizeof(rtattr)) {
        rtattr attribute{};
        std::memcpy(&attribute, rest.data(), sizeof attribute);
        unix_diag_rqlen lengths{};
        if (attribute.rta_len < sizeof attribute || attribute.rta_len > rest.size()) break;
        if (attribute.rta_type == UNIX_DIAG_RQLEN &&
            attribute.rta_len >= RTA_LENGTH(sizeof lengths)) {
            std::memcpy(&lengths, rest.data() + RTA_LENGTH(0), sizeof lengths);
            return lengths.udiag_rqueue;
        }
        const std::size_t step = RTA_ALIGN(attribute.rta_len);
        rest.remove_prefix(step < rest.size() ? step : rest.size());
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::uint32_t> listen_queue_length(pid_t pid) {
    const auto inode = socket_inode(pid);
    if (!inode) return std::nullopt;
    const FileDescriptor netlink(
        ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG));
    Request request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    request.header.nlmsg_flags = NLM_F_REQUEST;
    request.body.sdiag_family = AF_UNIX;
    request.body.udiag_states = ~0U;
    request.body.udiag_ino = *inode;
    request.body.udiag_show = UDIAG_SHOW_RQLEN;
    request.body.udiag_cookie[0] = kNoCookie;
    request.body.udiag_cookie[1] = kNoCookie;
    if (::send(netlink.get(), &request, sizeof request, 0) != sizeof request) return std::nullopt;
    // The kernel has answered within the send.
    std::array<char, 1024> answer{};
    const ssize_t size = ::recv(netlink.get(), answer.data(), answer.size(), 0);
    return size > 0 ? queue_in({answer.data(), static_cast<std::size_t>(size)}) : std::nullopt;
}

}  // namespace appcore::system

#include "appcore/system/listen_queue.hpp"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
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
// TCP's states, which Unix sockets use as well.
constexpr std::uint32_t kEstablished = 1;
constexpr std::uint32_t kListening = 10;
constexpr std::size_t kAnswerSize = 32 * 1024;  // as much as the kernel tells at once

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
    constexpr std::string_view kPrefix = "socket:[";
    if (text.substr(0, kPrefix.size()) != kPrefix) return std::nullopt;
    text.remove_prefix(kPrefix.size());
    std::uint32_t inode = 0;
    const auto error = std::from_chars(text.data(), text.data() + text.size(), inode).ec;
    return error == std::errc{} ? std::optional(inode) : std::nullopt;
}

// What the kernel tells of one socket.
struct Socket {
    std::uint32_t state = 0;
    std::string name;
    std::optional<std::uint32_t> queue;
};

template <typename Struct>
std::optional<Struct> front_of(std::string_view bytes) {
    Struct value{};
    if (bytes.size() < sizeof value) return std::nullopt;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

// `message` without its netlink header.
std::optional<Socket> parse_socket(std::string_view message) {
    const auto head = front_of<unix_diag_msg>(message);
    if (!head) return std::nullopt;
    Socket socket{head->udiag_state, {}, std::nullopt};
    message.remove_prefix(std::min<std::size_t>(NLMSG_ALIGN(sizeof *head), message.size()));
    while (const auto attribute = front_of<rtattr>(message)) {
        if (attribute->rta_len < sizeof *attribute || attribute->rta_len > message.size()) break;
        const std::string_view value =
            message.substr(RTA_LENGTH(0), attribute->rta_len - RTA_LENGTH(0));
        if (attribute->rta_type == UNIX_DIAG_NAME) socket.name = value;
        if (attribute->rta_type == UNIX_DIAG_RQLEN) {
            if (const auto lengths = front_of<unix_diag_rqlen>(value)) {
                socket.queue = lengths->udiag_rqueue;
            }
        }
        message.remove_prefix(std::min<std::size_t>(RTA_ALIGN(attribute->rta_len), message.size()));
    }
    return socket;
}

// Calls `see` with each socket in the kernel's answer. True if more is to come.
template <typename See>
bool read_answer(std::string_view answer, See see) {
    while (const auto header = front_of<nlmsghdr>(answer)) {
        if (header->nlmsg_len < NLMSG_HDRLEN || header->nlmsg_len > answer.size() ||
            header->nlmsg_type != SOCK_DIAG_BY_FAMILY) {
            return false;
        }
        const auto socket =
            parse_socket(answer.substr(NLMSG_HDRLEN, header->nlmsg_len - NLMSG_HDRLEN));
        if (socket) see(*socket);
        if ((header->nlmsg_flags & NLM_F_MULTI) == 0) return false;
        answer.remove_prefix(std::min<std::size_t>(NLMSG_ALIGN(header->nlmsg_len), answer.size()));
    }
    return true;
}

// The kernel answers within the send and the receives, so nothing waits here.
template <typename See>
void ask(Request request, See see) {
    const FileDescriptor netlink(
        ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG));
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    request.body.sdiag_family = AF_UNIX;
    request.body.udiag_show = UDIAG_SHOW_RQLEN | UDIAG_SHOW_NAME;
    if (::send(netlink.get(), &request, sizeof request, 0) != sizeof request) return;
    std::array<char, kAnswerSize> answer{};
    for (bool is_more = true; is_more;) {
        const ssize_t size = ::recv(netlink.get(), answer.data(), answer.size(), 0);
        if (size <= 0) return;
        is_more = read_answer({answer.data(), static_cast<std::size_t>(size)}, see);
    }
}

// An accepted socket has the listener's name.
std::uint32_t count_unread(const std::string& name) {
    Request request{};
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.body.udiag_states = 1U << kEstablished;
    std::uint32_t count = 0;
    ask(request, [&](const Socket& socket) {
        if (socket.name == name && socket.queue.value_or(0) > 0) ++count;
    });
    return count;
}

}  // namespace

std::optional<ListenQueue> listen_queue(pid_t pid) {
    const auto inode = socket_inode(pid);
    if (!inode) return std::nullopt;
    Request request{};
    request.header.nlmsg_flags = NLM_F_REQUEST;
    request.body.udiag_states = ~0U;
    request.body.udiag_ino = *inode;
    request.body.udiag_cookie[0] = kNoCookie;
    request.body.udiag_cookie[1] = kNoCookie;
    std::optional<Socket> listener;
    ask(request, [&listener](const Socket& socket) { listener = socket; });
    if (!listener || listener->state != kListening || !listener->queue) return std::nullopt;
    return ListenQueue{*listener->queue, listener->name.empty() ? 0 : count_unread(listener->name)};
}

}  // namespace appcore::system

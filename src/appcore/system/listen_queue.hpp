// What waits at a listening Unix socket and on the connections that were accepted from it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace appcore::system {

struct ListenQueue {
    std::uint32_t unaccepted = 0;  // connections
    std::uint32_t unread = 0;      // accepted connections on which bytes wait to be read
};

// Of the socket that is the standard input of process `pid`, and of all processes that accept from
// it. Asks the kernel (sock_diag(7)), which disturbs neither processes nor sockets. Nothing where
// that is not a listening Unix socket, where the process belongs to somebody else, or where the
// kernel does not tell. Without a name of the socket `unread` is 0.
[[nodiscard]] std::optional<ListenQueue> listen_queue(pid_t pid);

}  // namespace appcore::system

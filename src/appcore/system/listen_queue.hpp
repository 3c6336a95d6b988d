// How many connections wait in a listening Unix socket to be accepted.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace appcore::system {

// Of the socket that is the standard input of process `pid`. Asks the kernel (sock_diag(7)), which
// disturbs neither the process nor the socket. Nothing where that is not a listening Unix socket,
// where the process belongs to somebody else, or where the kernel does not tell.
[[nodiscard]] std::optional<std::uint32_t> listen_queue_length(pid_t pid);

}  // namespace appcore::system

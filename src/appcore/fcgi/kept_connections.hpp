// The connections on which a process waits for a next request.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "appcore/fcgi/connection.hpp"

namespace appcore::fcgi {

// By descriptor, so that finding one takes no longer when there are many. Removing a connection
// closes it, unless it was taken.
class KeptConnections {
  public:
    using OwnedConnection = std::unique_ptr<Connection>;

    // Above this many the oldest is closed; nginx keeps fewer (`keepalive` in deploy/nginx.conf).
    static constexpr std::size_t kLimit = 1024;

    void put(OwnedConnection connection);

    // The connection of this descriptor, or none.
    [[nodiscard]] OwnedConnection take(int descriptor);

    // Any of them; none if there are none.
    [[nodiscard]] OwnedConnection take_any();

    // Closes the one that has waited longest; false if there is none.
    bool close_oldest();

    // Closes those that have brought nothing since their last request: who wants to send more
    // reconnects, to whichever process is free. The first request of a new connection is on its
    // way, and may be a second try that must not fail.
    void close_silent();

  private:
    struct Entry {
        OwnedConnection connection;
        std::uint64_t put_at = 0;  // ascending
    };
    std::vector<Entry> by_descriptor_;
    std::size_t count_ = 0;
    std::uint64_t puts_ = 0;
};

}  // namespace appcore::fcgi

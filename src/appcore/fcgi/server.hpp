// The loop of a process that serves FastCGI requests, one at a time, from a listening socket that
// it shares with the other workers.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>

#include "appcore/fcgi/connection.hpp"
#include "appcore/fcgi/handler.hpp"
#include "appcore/fcgi/kept_connections.hpp"
#include "appcore/fcgi/signals.hpp"
#include "appcore/result.hpp"
#include "appcore/system/file_descriptor.hpp"

namespace appcore::fcgi {

struct ServerOptions {
    std::size_t max_body;  // bytes; a larger body is answered with 413
    // between_requests() is called this often at least; not at all while idle if zero.
    std::chrono::milliseconds tick{0};
    // Before a body of this many bytes is read, kept connections that are silent since a request
    // are closed, so that requests that come meanwhile find a process that is free. nginx sends
    // such bodies on connections of their own ($appcore_lane in deploy/nginx.conf).
    std::size_t long_body = 100'000;
};

// Kept connections and the listener are waited for together, and a connection is only read from
// when it has bytes: idle ones cost nothing, however many there are.
class Server {
  public:
    // `listener` stays open for the other workers. `handler` and `signals` outlive the server.
    static Result<std::unique_ptr<Server>> create(int listener, Handler& handler,
                                                  const Signals& signals, ServerOptions options);

    // Serves until SIGTERM or SIGINT, or until the handler wants to be recycled, then answers what
    // has reached it already, begins with none of that after kDrain, and returns. Requests that
    // have not been read are then for another worker: the web server repeats them. Connections that
    // no process has accepted stay with the listener.
    Status run();

    // supervisord waits five seconds longer than the longest request (stopwaitsecs).
    static constexpr std::chrono::milliseconds kDrain{2000};

  private:
    using OwnedConnection = KeptConnections::OwnedConnection;
    static constexpr std::size_t kEventsAtOnce = 64;  // more wait for the next round

    Server(int listener, system::FileDescriptor epoll, Handler& handler, const Signals& signals,
           ServerOptions options);

    Status wait_and_serve();
    // Serves the connection of an event; false if it has brought no request.
    bool serve_kept(const epoll_event& event);
    // Whether SIGTERM or SIGINT has come, up to kLook ago.
    bool is_told_to_stop();
    // False if no connection waits, or none can be had.
    bool accept_one();
    void serve(OwnedConnection connection, bool registered);
    void keep(OwnedConnection connection, bool registered);
    void drain();

    int listener_;
    system::FileDescriptor epoll_;
    Handler& handler_;
    const Signals& signals_;
    ServerOptions options_;
    Buffers buffers_;
    KeptConnections kept_;
    Connection::Limits limits_;
    bool expects_bytes_ = true;  // of a connection that is accepted
    std::chrono::steady_clock::time_point round_begun_;
    std::chrono::steady_clock::time_point looked_;  // for signals
    std::array<epoll_event, kEventsAtOnce> events_{};
};

}  // namespace appcore::fcgi

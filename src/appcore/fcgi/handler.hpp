// What the transport needs of the application.
#pragma once

#include "appcore/fcgi/reply.hpp"
#include "appcore/http/request.hpp"
#include "appcore/http/response.hpp"

namespace appcore::fcgi {

class Handler {
  public:
    Handler() = default;
    Handler(const Handler&) = delete;
    Handler& operator=(const Handler&) = delete;
    virtual ~Handler() = default;

    // A request is about to be read from `connection`. It ends with request_done(), whatever
    // happens. Throws std::bad_alloc at most.
    virtual void request_arrives(int connection) { static_cast<void>(connection); }

    // Makes the reply to one request. The request's bytes live until request_done(). Throws
    // std::bad_alloc at most; then it is called once more with a request whose body_state is
    // `no_memory`, after what it took has been given back.
    virtual void handle(const http::Request& request, http::Response& response) = 0;

    // The reply is complete and about to be sent: whatever else it needs can no longer fail. Does
    // not return if somebody else has answered the request meanwhile.
    virtual void commit() {}

    // The end of a request: what the kernel took of its reply; `none` if the peer has gone before,
    // or there was no request.
    virtual void request_done(Delivery delivery) { static_cast<void>(delivery); }

    // The peer has closed `connection` without reading the reply to its last request.
    virtual void reply_lost(int connection) { static_cast<void>(connection); }

    // Whether the process should be replaced by a new one. Asked between requests.
    [[nodiscard]] virtual bool should_recycle() const { return false; }

    // Between two requests or after a signal: time for work that no client should wait for.
    virtual void between_requests() {}

    // SIGHUP or SIGUSR1 has come.
    virtual void reopen_logs() {}
};

}  // namespace appcore::fcgi

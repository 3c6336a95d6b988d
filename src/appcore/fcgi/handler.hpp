// What the transport needs of the application.
#pragma once

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
    // happens.
    virtual void request_arrives(int connection) { static_cast<void>(connection); }

    // Answers one request. The request's bytes live until request_done(). Does not throw.
    virtual void handle(const http::Request& request, http::Response& response) = 0;

    // The reply has been handed to the kernel, the peer has gone, or there was no request.
    virtual void request_done() {}

    // Whether the process should make place for a new one. Asked between requests.
    [[nodiscard]] virtual bool is_spent() const { return false; }

    // Between two requests or after a signal: time for work that no client should wait for.
    virtual void between_requests() {}

    // SIGHUP or SIGUSR1 has come.
    virtual void reopen_logs() {}
};

}  // namespace appcore::fcgi

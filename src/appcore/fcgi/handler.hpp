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

    // Answers one request. The request's bytes live until reply_sent(). Does not throw.
    virtual void handle(const http::Request& request, http::Response& response) = 0;

    // The reply has been handed to the kernel, or the peer has gone.
    virtual void reply_sent() {}

    // Between two requests or after a signal: time for work that no client should wait for.
    virtual void between_requests() {}

    // SIGHUP or SIGUSR1 has come.
    virtual void reopen_logs() {}
};

}  // namespace appcore::fcgi

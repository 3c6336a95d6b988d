#include "appcore/fcgi/connection.hpp"

#include <fcgiapp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <string_view>

#include "appcore/fcgi/parameters.hpp"

namespace appcore::fcgi {
namespace {

constexpr int kNoListener = -1;  // libfcgi never accepts: it gets connections that have bytes
constexpr std::size_t kReadStep = 64 * 1024;  // read at once; what is announced may be a lie
constexpr std::size_t kAtOnce = 4096;         // parameters and body in libfcgi's one read
// Bodies of 100,000 features have room; a larger one's memory is given back.
constexpr std::size_t kKeptBodyCapacity = 9 << 18;

enum class BodyRead : unsigned char { whole, too_large, no_memory, broken };

// Reads the rest of a body that there is no memory for, so that the connection can be kept.
BodyRead skip_body(FCGX_Stream* in, std::size_t limit) {
    std::array<char, kAtOnce> rest{};
    for (std::size_t size = 0; size <= limit;) {
        const int count = FCGX_GetStr(rest.data(), static_cast<int>(rest.size()), in);
        if (FCGX_GetError(in) != 0) return BodyRead::broken;
        if (static_cast<std::size_t>(count) < rest.size()) return BodyRead::no_memory;
        size += rest.size();
    }
    return BodyRead::too_large;
}

// Reads the stream to its end, however many bytes were announced (CONTENT_LENGTH may lie).
BodyRead read_body(FCGX_Stream* in, std::size_t announced, std::size_t limit,
                   std::string& body) try {
    body.clear();
    // At most `limit`, and the byte more that is asked for below; only what is written takes
    // memory.
    body.reserve(announced + 1);
    for (std::size_t size = 0;;) {
        // One byte more than announced, so that the end of the stream is seen at once.
        const std::size_t expected = announced > size ? announced - size + 1 : kReadStep;
        const std::size_t step = std::min(expected, kReadStep);
        body.resize(size + step);
        const int count = FCGX_GetStr(body.data() + size, static_cast<int>(step), in);
        size += static_cast<std::size_t>(count);
        body.resize(size);
        if (FCGX_GetError(in) != 0) return BodyRead::broken;
        if (size > limit) return BodyRead::too_large;
        if (static_cast<std::size_t>(count) < step) return BodyRead::whole;
    }
} catch (const std::bad_alloc&) {
    std::string().swap(body);
    return skip_body(in, limit);
}

// Makes reply and head. Where there is no memory for that, everything large is given back, and
// there is a short reply instead.
void answer(Handler& handler, http::Request& request, Buffers& buffers) {
    try {
        handler.handle(request, buffers.response);
        write_head(buffers.response, buffers.head);
    } catch (const std::bad_alloc&) {
        request.body = {};
        request.body_state = http::BodyState::no_memory;
        std::string().swap(buffers.body);
        buffers.response.clear();
        handler.handle(request, buffers.response);
        write_head(buffers.response, buffers.head);
    }
}

void limit_stalls(int socket, std::chrono::milliseconds stall) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(stall);
    const timeval limit = {seconds.count(), std::chrono::microseconds(stall - seconds).count()};
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

}  // namespace

Status Connection::initialize() {
    if (FCGX_Init() != 0) return Error{"libfcgi cannot be initialised"};
    return Done{};
}

Connection::Connection(system::FileDescriptor socket, std::chrono::milliseconds stall)
    : request_(std::make_unique<FCGX_Request>()) {
    FCGX_InitRequest(request_.get(), kNoListener, 0);
    request_->ipcFd = socket.release();
    limit_stalls(request_->ipcFd, stall);
}

Connection::~Connection() {
    if (request_->ipcFd < 0) return;
    FCGX_Detach(request_.get());
    FCGX_Free(request_.get(), 1);
}

int Connection::descriptor() const {
    return request_->ipcFd;
}

Connection::State Connection::state(std::chrono::milliseconds wait) const {
    pollfd waiting = {request_->ipcFd, POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(wait.count())) <= 0) return State::silent;
    return (waiting.revents & (POLLHUP | POLLERR)) != 0 ? State::gone : State::readable;
}

bool Connection::lost_reply() const {
    if (!has_replied_) return false;
    int error = 0;
    socklen_t length = sizeof error;
    // The kernel's word for a Unix socket whose peer closed it with bytes unread.
    return ::getsockopt(request_->ipcFd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 &&
           error == ECONNRESET;
}

Connection::After Connection::serve(Handler& handler, Buffers& buffers, const Limits& limits) {
    FCGX_Request* const fcgi = request_.get();
    // Before it reads, libfcgi finishes a request that never was, and would close the connection.
    fcgi->keepConnection = 1;
    is_fresh_ = false;
    // A close need not linger (three system calls, or two seconds with a silent peer): what is to
    // be sent has been sent, and what was received has been read.
    FCGX_Detach(fcgi);
    Outcome outcome{After::closed, Delivery::none};
    try {
        handler.request_arrives(fcgi->ipcFd);
        outcome = serve_one(handler, buffers, limits);
    } catch (const std::bad_alloc&) {
        // Not even a short reply: the web server asks another process.
        outcome.after = finish(false, false);
    }
    has_replied_ = outcome.delivery == Delivery::whole;
    handler.request_done(outcome.delivery);
    buffers.response.clear();
    if (buffers.body.capacity() > kKeptBodyCapacity) std::string().swap(buffers.body);
    return outcome.after;
}

// Forgets the request at hand; libfcgi's own end of it would write to the connection.
Connection::After Connection::finish(bool keep, bool linger) {
    // Unread bytes would turn the close into a reset, and the reply might be lost: linger.
    if (linger) FCGX_Attach(request_.get());
    FCGX_Free(request_.get(), keep ? 0 : 1);
    return keep ? After::kept : After::closed;
}

Connection::Outcome Connection::serve_one(Handler& handler, Buffers& buffers,
                                          const Limits& limits) {
    FCGX_Request* const fcgi = request_.get();
    if (FCGX_Accept_r(fcgi) != 0) return {After::closed, Delivery::none};

    auto [request, announced] = read_parameters(fcgi->envp);
    const std::size_t expected = announced.value_or(0);
    if (expected >= limits.long_body && limits.before_long) limits.before_long();
    const BodyRead read = expected > limits.max_body
                              ? BodyRead::too_large
                              : read_body(fcgi->in, expected, limits.max_body, buffers.body);
    // What has come in one piece with its request took no time in which the peer could have gone.
    const bool took_time = read != BodyRead::whole || buffers.body.size() > kAtOnce;
    if (read == BodyRead::broken || (took_time && state() == State::gone)) {
        return {finish(false, false), Delivery::none};
    }
    if (read == BodyRead::whole) {
        // FastCGI specification, 6.2: compare the two, and do not act where they differ.
        const bool differs = announced && *announced != buffers.body.size();
        request.body_state = differs ? http::BodyState::length_mismatch : http::BodyState::complete;
        request.body = buffers.body;
    } else {
        request.body_state =
            read == BodyRead::too_large ? http::BodyState::too_large : http::BodyState::no_memory;
    }

    answer(handler, request, buffers);
    handler.commit();
    const http::Response& response = buffers.response;
    const Delivery delivery =
        send_reply(fcgi->ipcFd, static_cast<std::uint16_t>(fcgi->requestId), buffers.head,
                   response.body_omitted() ? std::string_view{} : response.body);
    const bool is_read = read != BodyRead::too_large;
    const bool keep = is_read && fcgi->keepConnection != 0 && delivery == Delivery::whole;
    return {finish(keep, !is_read), delivery};
}

}  // namespace appcore::fcgi

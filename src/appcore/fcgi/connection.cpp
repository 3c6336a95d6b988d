#include "appcore/fcgi/connection.hpp"

#include <fcgiapp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "appcore/fcgi/parameters.hpp"
#include "appcore/http/status.hpp"

namespace appcore::fcgi {
namespace {

constexpr int kNoListener = -1;  // libfcgi never accepts: it gets connections that have bytes
constexpr std::size_t kReadStep = 64 * 1024;  // read at once; what is announced may be a lie
constexpr std::size_t kAtOnce = 4096;         // parameters and body in libfcgi's one read
// Bodies of 100,000 features have room; a larger one's memory is given back.
constexpr std::size_t kKeptBodyCapacity = 9 << 18;

enum class BodyRead : unsigned char { whole, too_large, broken };

// Reads the stream to its end, however many bytes were announced (CONTENT_LENGTH may lie).
BodyRead read_body(FCGX_Stream* in, std::size_t announced, std::size_t limit, std::string& body) {
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
}

void append_number(std::string& out, std::size_t value) {
    std::array<char, 20> digits{};
    const auto end = std::to_chars(digits.begin(), digits.end(), value).ptr;
    out.append(digits.begin(), end);
}

// The CGI header block (RFC 3875, 6.3).
void write_head(const http::Response& response, std::string& head) {
    head.assign("Status: ");
    append_number(head, static_cast<std::size_t>(response.status()));
    head.append(" ").append(http::reason_phrase(response.status()));
    head.append("\r\n").append(response.headers()).append("Content-Length: ");
    append_number(head, response.body.size());
    head.append("\r\n\r\n");
}

// Returns false if the peer has gone.
bool put(std::string_view bytes, FCGX_Stream* out) {
    constexpr std::size_t kLargest = 1 << 30;  // libfcgi counts in int
    while (!bytes.empty()) {
        const std::size_t step = std::min(bytes.size(), kLargest);
        if (FCGX_PutStr(bytes.data(), static_cast<int>(step), out) < 0) return false;
        if (FCGX_GetError(out) != 0) return false;
        bytes.remove_prefix(step);
    }
    return true;
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

Connection::After Connection::serve(Handler& handler, Buffers& buffers, const Limits& limits) {
    FCGX_Request* const fcgi = request_.get();
    // Before it reads, libfcgi finishes a request that never was, and would close the connection.
    fcgi->keepConnection = 1;
    is_fresh_ = false;
    // A close need not linger (three system calls, or two seconds with a silent peer): what is to
    // be sent has been sent, and what was received has been read.
    FCGX_Detach(fcgi);
    handler.request_arrives(fcgi->ipcFd);
    const After after = serve_one(handler, buffers, limits);
    handler.request_done();
    buffers.response.clear();
    if (buffers.body.capacity() > kKeptBodyCapacity) std::string().swap(buffers.body);
    return after;
}

Connection::After Connection::serve_one(Handler& handler, Buffers& buffers, const Limits& limits) {
    FCGX_Request* const fcgi = request_.get();
    if (FCGX_Accept_r(fcgi) != 0) return After::closed;

    auto [request, announced] = read_parameters(fcgi->envp);
    const std::size_t expected = announced.value_or(0);
    if (expected >= limits.long_body && limits.before_long) limits.before_long();
    const BodyRead read = expected > limits.max_body
                              ? BodyRead::too_large
                              : read_body(fcgi->in, expected, limits.max_body, buffers.body);
    // What has come in one piece with its request took no time in which the peer could have gone.
    const bool took_time = read != BodyRead::whole || buffers.body.size() > kAtOnce;
    if (read == BodyRead::broken || (took_time && state() == State::gone)) {
        FCGX_Free(fcgi, 1);
        return After::closed;
    }
    if (read == BodyRead::too_large) {
        request.body_state = http::BodyState::too_large;
    } else {
        // FastCGI specification, 6.2: compare the two, and do not act where they differ.
        const bool differs = announced && *announced != buffers.body.size();
        request.body_state = differs ? http::BodyState::length_mismatch : http::BodyState::complete;
        request.body = buffers.body;
    }

    handler.handle(request, buffers.response);
    write_head(buffers.response, buffers.head);
    if (put(buffers.head, fcgi->out) && !buffers.response.body_omitted()) {
        put(buffers.response.body, fcgi->out);
    }
    if (read == BodyRead::too_large) {
        // Unread bytes would turn the close into a reset, and the reply might be lost: linger.
        FCGX_Attach(fcgi);
        fcgi->keepConnection = 0;
    }
    FCGX_Finish_r(fcgi);
    return fcgi->ipcFd < 0 ? After::closed : After::kept;
}

}  // namespace appcore::fcgi

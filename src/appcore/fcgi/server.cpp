#include "appcore/fcgi/server.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace appcore::fcgi {
namespace {

// The web server sends a request whole; only one that hangs, or none of ours, pauses in it. Short
// enough that a process that is told to stop does so within two seconds all the same.
constexpr std::chrono::milliseconds kStall{1500};
// The web server sends its request right after it has connected. A connection that is accepted in
// between should not be left waiting here behind another one's request while another worker is
// free.
constexpr std::chrono::milliseconds kFirstBytes{5};
// At the end, all new connections together get this long to say what they came for.
constexpr std::chrono::milliseconds kFirstRequest{200};
constexpr std::chrono::milliseconds kOutOfDescriptors{10};  // a pause, instead of spinning
// Signals and peers that have gone are looked for this often at least while there is always work to
// do: few system calls beside those of the requests served meanwhile.
constexpr std::chrono::milliseconds kLook{10};

Status watch(int epoll, int descriptor) {
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.fd = descriptor;
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) != 0) return errno_error("epoll_ctl");
    return Done{};
}

// Another worker may have won the race, or the client may have gone: neither is an error.
bool is_passing(int error) {
    return error == EAGAIN || error == EWOULDBLOCK || error == ECONNABORTED || error == EINTR;
}

}  // namespace

Result<std::unique_ptr<Server>> Server::create(int listener, Handler& handler,
                                               const Signals& signals, ServerOptions options) {
    int listening = 0;
    socklen_t length = sizeof listening;
    if (getsockopt(listener, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) != 0 ||
        listening == 0) {
        return Error{
            "standard input must be a listening socket: start this program by supervisord "
            "(fcgi-program) or another FastCGI process manager"};
    }
    const int flags = fcntl(listener, F_GETFL);
    if (flags < 0 || fcntl(listener, F_SETFL, flags | O_NONBLOCK) != 0) {
        return errno_error("listening socket");
    }
    system::FileDescriptor epoll(epoll_create1(EPOLL_CLOEXEC));
    if (!epoll.is_open()) return errno_error("epoll_create1");
    if (const Status watched = watch(epoll.get(), listener); !watched) return watched.error();
    // A limit that leaves none for a connection would let the process wait for ever.
    if (!system::FileDescriptor(fcntl(listener, F_DUPFD_CLOEXEC, 0)).is_open()) {
        return errno_error("no descriptor left for a connection");
    }
    return std::unique_ptr<Server>(
        new Server(listener, std::move(epoll), handler, signals, options));
}

Server::Server(int listener, system::FileDescriptor epoll, Handler& handler, const Signals& signals,
               ServerOptions options)
    : listener_(listener),
      epoll_(std::move(epoll)),
      handler_(handler),
      signals_(signals),
      options_(options),
      limits_{options.max_body, options.long_body, [this] { kept_.close_silent(); }} {}

Status Server::run() {
    while (!Signals::stop_requested() && !handler_.should_recycle()) {
        if (Status served = wait_and_serve(); !served) return served;
        if (Signals::take_reopen_request()) handler_.reopen_logs();
        handler_.between_requests();
    }
    drain();
    return Done{};
}

// The listener comes last: only then may a descriptor's number be used again within one round.
Status Server::wait_and_serve() {
    const auto tick = static_cast<int>(options_.tick.count());
    const int count = epoll_pwait(epoll_.get(), events_.data(), static_cast<int>(events_.size()),
                                  tick > 0 ? tick : -1, &signals_.while_waiting());
    if (count < 0 && errno != EINTR) return errno_error("epoll_pwait");
    round_begun_ = std::chrono::steady_clock::now();
    bool connection_waits = false;
    int turns = 0;
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events_[static_cast<std::size_t>(i)];
        if (event.data.fd == listener_) {
            connection_waits = true;
        } else if (serve_kept(event)) {
            ++turns;
        }
        if (is_told_to_stop()) return Done{};
    }
    // As many new connections as kept ones have had a turn: under overload those that wait to be
    // accepted wait no longer than the others. Otherwise one, to leave work for the other workers.
    turns = std::max(turns, 1);
    while (connection_waits && turns-- > 0) {
        connection_waits = accept_one() && !is_told_to_stop();
    }
    return Done{};
}

bool Server::is_told_to_stop() {
    const auto now = std::chrono::steady_clock::now();
    if (now - looked_ >= kLook) {
        signals_.deliver();
        looked_ = now;
    }
    return Signals::stop_requested();
}

bool Server::serve_kept(const epoll_event& event) {
    OwnedConnection connection = kept_.take(event.data.fd);
    if (!connection) return false;
    const bool is_old_news = std::chrono::steady_clock::now() - round_begun_ >= kLook;
    if ((event.events & (EPOLLHUP | EPOLLERR)) != 0 ||
        (is_old_news && connection->state() == Connection::State::gone)) {
        if (connection->lost_reply()) handler_.reply_lost(connection->descriptor());
        return false;
    }
    serve(std::move(connection), true);
    return true;
}

bool Server::accept_one() {
    system::FileDescriptor socket(accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
    if (!socket.is_open()) {
        if (is_passing(errno)) return false;
        if (!kept_.close_oldest()) {
            const timespec pause = {0, std::chrono::nanoseconds(kOutOfDescriptors).count()};
            nanosleep(&pause, nullptr);
        }
        return false;
    }
    auto connection = std::make_unique<Connection>(std::move(socket), kStall);
    // Mostly the request is there already: then the connection need not be registered at all.
    const auto state =
        connection->state(expects_bytes_ ? kFirstBytes : std::chrono::milliseconds(0));
    expects_bytes_ = state != Connection::State::silent;  // very many silent ones cost one wait
    switch (state) {
        case Connection::State::readable:
            serve(std::move(connection), false);
            break;
        case Connection::State::silent:
            keep(std::move(connection), false);
            break;
        case Connection::State::gone:
            break;
    }
    return true;
}

void Server::serve(OwnedConnection connection, bool registered) {
    const auto after = connection->serve(handler_, buffers_, limits_);
    if (after == Connection::After::kept) keep(std::move(connection), registered);
}

void Server::keep(OwnedConnection connection, bool registered) {
    if (registered || watch(epoll_.get(), connection->descriptor())) {
        kept_.put(std::move(connection));
    }
}

// A request may have come on a kept connection just before the web server saw our end of it, and is
// on its way where the connection is new. What comes later, or would have to wait for too long
// here, goes to another worker, since we read none of it.
void Server::drain() {
    using std::chrono::steady_clock;
    const auto begun = steady_clock::now();
    while (const OwnedConnection connection = kept_.take_any()) {
        const auto spent = steady_clock::now() - begun;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(kFirstRequest - spent);
        const bool waits = connection->is_fresh() && left.count() > 0;
        const auto state = connection->state(waits ? left : std::chrono::milliseconds(0));
        if (state == Connection::State::readable && spent < kDrain) {
            connection->serve(handler_, buffers_, {.max_body = options_.max_body});
        } else if (state == Connection::State::gone && connection->lost_reply()) {
            handler_.reply_lost(connection->descriptor());
        }
    }
}

}  // namespace appcore::fcgi

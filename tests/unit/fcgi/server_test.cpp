#include "appcore/fcgi/server.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "wire.hpp"

using namespace appcore;
using system::FileDescriptor;

namespace {

// Answers with the number of requests this process has served.
class Counter final : public fcgi::Handler {
  public:
    explicit Counter(std::chrono::milliseconds takes = {}) : takes_(takes) {}
    void handle(const http::Request&, http::Response& response) override {
        std::this_thread::sleep_for(takes_);
        response.set(200, "text/plain", std::to_string(++count_));
    }
    void reply_lost(int) override { ++lost_; }
    [[nodiscard]] int lost() const { return lost_; }

  private:
    std::chrono::milliseconds takes_;
    int count_ = 0;
    int lost_ = 0;
};

constexpr std::size_t kMaxBody = 1000;
constexpr std::size_t kLongBody = 500;
constexpr int kFailed = 100;      // an exit code, above those that count
constexpr int kPatience = 10000;  // milliseconds until a reply counts as missing

// A listening socket without a name in the file system.
class Listener {
  public:
    Listener() : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un any = {};
        any.sun_family = AF_UNIX;
        REQUIRE(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&any), sizeof(sa_family_t)) == 0);
        REQUIRE(::listen(socket_.get(), 2000) == 0);
        length_ = sizeof address_;
        REQUIRE(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address_), &length_) ==
                0);
    }
    [[nodiscard]] int descriptor() const { return socket_.get(); }
    // Not open if that fails: Catch's assertions are for one thread.
    [[nodiscard]] FileDescriptor connect() const {
        FileDescriptor client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const auto* const address = reinterpret_cast<const sockaddr*>(&address_);
        return ::connect(client.get(), address, length_) == 0 ? std::move(client)
                                                              : FileDescriptor();
    }

  private:
    FileDescriptor socket_;
    sockaddr_un address_ = {};
    socklen_t length_ = 0;
};

// Some tests have more connections than the limit that a shell begins with.
void allow_many_open_files() {
    rlimit limit = {};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = limit.rlim_max;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

// From now on this process may open `more` files and no others.
void limit_open_files(std::size_t more) {
    std::vector<FileDescriptor> next;
    while (next.size() < more) next.emplace_back(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
    const auto limit = static_cast<rlim_t>(next.back().get()) + 1;
    const rlimit limits = {limit, limit};
    ::setrlimit(RLIMIT_NOFILE, &limits);
}

// A child in which signals do what they do by default, from its first moment: Catch's handlers
// allocate, which a child of a process with several threads may not.
pid_t fork_without_handlers() {
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &before);
    const pid_t pid = ::fork();
    if (pid == 0) {
        for (const int number : {SIGTERM, SIGINT}) ::signal(number, SIG_DFL);
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return pid;
}

// A process that serves until it is told to stop, and exits with the number of its replies that
// nobody has read; with `most` connections at a time if that is
// more than none.
class Process {
  public:
    explicit Process(const Listener& listener, std::size_t most = 0,
                     std::chrono::milliseconds takes = {})
        : pid_(fork_without_handlers()) {
        if (pid_ != 0) return;
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        const fcgi::Signals signals;
        Counter handler(takes);
        bool good = fcgi::Connection::initialize().ok();
        auto server = fcgi::Server::create(listener.descriptor(), handler, signals,
                                           {.max_body = kMaxBody, .long_body = kLongBody});
        if (most > 0) limit_open_files(most);
        good = good && server.ok() && server.value()->run().ok();
        ::_exit(good ? handler.lost() : kFailed);
    }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
    }
    // Returns after a SIGSTOP has stopped the process, not only been sent.
    void signal(int number) const {
        ::kill(pid_, number);
        if (number == SIGSTOP) ::waitpid(pid_, nullptr, WUNTRACED);
    }
    // The exit code, or -1 if a signal ended it.
    int wait() {
        int status = 0;
        ::wait4(pid_, &status, 0, &usage_);
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

    // How often it has waited for something, until the end of wait().
    [[nodiscard]] long pauses() const { return usage_.ru_nvcsw; }

  private:
    pid_t pid_;
    rusage usage_ = {};
};

void send(const FileDescriptor& client, std::string_view bytes) {
    REQUIRE(::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
}

// The reply's body; "" if there is none, whether the connection has ended or nothing comes.
std::string receive(const FileDescriptor& client) {
    std::string bytes;
    pollfd waiting = {client.get(), POLLIN, 0};
    while (bytes.find("\r\n\r\n") == std::string::npos && ::poll(&waiting, 1, kPatience) > 0) {
        char buffer[4096];
        const ssize_t count = ::recv(client.get(), buffer, sizeof buffer, 0);
        if (count <= 0) break;
        bytes.append(buffer, static_cast<std::size_t>(count));
    }
    const std::string reply = wire::reply(bytes);
    const std::size_t head = reply.find("\r\n\r\n");
    return head == std::string::npos ? "" : reply.substr(head + 4);
}

// Whether the other end has closed the connection, which it may have done just now.
bool is_closed(const FileDescriptor& client) {
    pollfd waiting = {client.get(), POLLIN, 0};
    char byte = 0;
    return ::poll(&waiting, 1, kPatience) == 1 && ::recv(client.get(), &byte, 1, MSG_DONTWAIT) == 0;
}

bool is_open(const FileDescriptor& client) {
    char byte = 0;
    return ::recv(client.get(), &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

const std::string kRequest = wire::request({{"REQUEST_METHOD", "GET"}}, "");
const std::string kEptRequest = wire::request({{"REQUEST_METHOD", "GET"}}, "", true);

}  // namespace

TEST_CASE("something that is not a listening socket is refused with a reason") {
    const fcgi::Signals signals;
    Counter handler;
    const FileDescriptor plain(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    for (const int descriptor : {plain.get(), -1}) {
        const auto server = fcgi::Server::create(descriptor, handler, signals, {kMaxBody});
        REQUIRE_FALSE(server.ok());
        CHECK(server.error().message.find("must be a listening socket") != std::string::npos);
    }
}

TEST_CASE("one process serves more kept connections than it could keep up with one by one") {
    const Listener listener;
    const Process process(listener);
    std::vector<FileDescriptor> clients;
    for (int i = 0; i < 50; ++i) clients.push_back(listener.connect());
    for (int round = 0; round < 3; ++round) {
        for (const FileDescriptor& client : clients) {
            send(client, kEptRequest);
            REQUIRE_FALSE(receive(client).empty());
        }
    }
    const FileDescriptor newcomer = listener.connect();
    send(newcomer, kRequest);
    CHECK(receive(newcomer) == "151");
}

TEST_CASE("requests of senders that have gone while they waited are not answered") {
    const Listener listener;
    const Process process(listener);
    std::vector<FileDescriptor> gone;
    for (int i = 0; i < 5; ++i) gone.push_back(listener.connect());
    const FileDescriptor client = listener.connect();
    for (FileDescriptor& kept : gone) {
        send(kept, kEptRequest);
        REQUIRE_FALSE(receive(kept).empty());
    }
    process.signal(SIGSTOP);
    for (FileDescriptor& kept : gone) send(kept, kEptRequest);
    gone.clear();
    process.signal(SIGCONT);
    send(client, kRequest);
    CHECK(receive(client) == "6");
}

TEST_CASE("before a long body silent connections are given up, those with a request are not") {
    const Listener listener;
    const Process process(listener);
    const FileDescriptor silent = listener.connect();
    const FileDescriptor busy = listener.connect();
    const FileDescriptor large = listener.connect();
    for (const FileDescriptor* client : {&silent, &busy, &large}) {
        send(*client, kEptRequest);
        REQUIRE_FALSE(receive(*client).empty());
    }
    process.signal(SIGSTOP);
    send(large, wire::request({{"REQUEST_METHOD", "POST"}, {"CONTENT_LENGTH", "500"}},
                              std::string(500, 'x'), true));
    send(busy, kEptRequest);
    process.signal(SIGCONT);
    CHECK_FALSE(receive(large).empty());
    CHECK_FALSE(receive(busy).empty());
    CHECK(is_closed(silent));
    send(large, kEptRequest);
    CHECK(receive(large) == "6");
}

TEST_CASE("before a long body a connection whose first request is on its way is not given up") {
    const Listener listener;
    const Process process(listener);
    const FileDescriptor fresh = listener.connect();
    // Accepted after the one that is before it in the queue.
    const FileDescriptor large = listener.connect();
    send(large, wire::request({{"REQUEST_METHOD", "POST"}, {"CONTENT_LENGTH", "500"}},
                              std::string(500, 'x'), true));
    CHECK(receive(large) == "1");
    send(fresh, kRequest);
    CHECK(receive(fresh) == "2");
}

TEST_CASE("silent connections hold nobody up, not even very many of them") {
    const Listener listener;
    const Process process(listener);
    std::vector<FileDescriptor> silent;
    for (int i = 0; i < 1100; ++i) silent.push_back(listener.connect());
    const FileDescriptor client = listener.connect();
    send(client, kRequest);
    CHECK(receive(client) == "1");
}

TEST_CASE("above 1,024 kept connections the one that has waited longest is closed") {
    constexpr std::size_t kKept = 1024;
    allow_many_open_files();
    const Listener listener;
    const Process process(listener);
    std::vector<FileDescriptor> silent;
    for (std::size_t i = 0; i < kKept + 2; ++i) silent.push_back(listener.connect());
    REQUIRE(silent.back().is_open());
    // Answered after all of them have been accepted, and not kept.
    const FileDescriptor client = listener.connect();
    send(client, kRequest);
    REQUIRE(receive(client) == "1");
    CHECK(is_closed(silent[0]));
    CHECK(is_closed(silent[1]));
    CHECK(std::all_of(silent.begin() + 2, silent.end(), is_open));
}

TEST_CASE("however many requests a connection brings, it is one connection") {
    const Listener listener;
    const Process process(listener);
    const FileDescriptor silent = listener.connect();
    const FileDescriptor client = listener.connect();
    for (int i = 1; i <= 1100; ++i) {
        send(client, kEptRequest);
        REQUIRE(receive(client) == std::to_string(i));
    }
    CHECK(is_open(silent));
}

TEST_CASE("without a descriptor for a newcomer the connection that has waited longest is closed") {
    constexpr std::size_t kMost = 5;
    const Listener listener;
    const Process process(listener, kMost);
    std::vector<FileDescriptor> kept;
    for (std::size_t i = 0; i < kMost; ++i) {
        kept.push_back(listener.connect());
        send(kept.back(), kEptRequest);
        REQUIRE_FALSE(receive(kept.back()).empty());
    }
    // The first one has been active since the second one was.
    send(kept[0], kEptRequest);
    REQUIRE_FALSE(receive(kept[0]).empty());
    const FileDescriptor client = listener.connect();
    send(client, kRequest);
    CHECK(receive(client) == "7");
    CHECK(is_closed(kept[1]));
    for (const std::size_t i : {0U, 2U, 3U, 4U}) CHECK(is_open(kept[i]));
}

TEST_CASE("only the first of many silent connections is waited for") {
    constexpr std::size_t kSilent = 1000;
    allow_many_open_files();
    const Listener listener;
    Process process(listener);
    process.signal(SIGSTOP);
    std::vector<FileDescriptor> silent;
    for (std::size_t i = 0; i < kSilent; ++i) silent.push_back(listener.connect());
    const FileDescriptor client = listener.connect();
    send(client, kRequest);
    process.signal(SIGCONT);
    CHECK(receive(client) == "1");
    process.signal(SIGTERM);
    REQUIRE(process.wait() == 0);
    CHECK(process.pauses() < static_cast<long>(kSilent) / 2);
}

TEST_CASE("half a request holds others up for a moment only") {
    const Listener listener;
    const Process process(listener);
    const FileDescriptor half = listener.connect();
    send(half, std::string_view(kRequest).substr(0, 10));
    const FileDescriptor client = listener.connect();
    send(client, kRequest);
    CHECK(receive(client) == "1");
    CHECK(receive(half).empty());
}

TEST_CASE("a connection that waits to be accepted is not left behind by many kept ones") {
    constexpr int kKept = 150;  // more than one round takes
    constexpr int kNew = 8;
    const Listener listener;
    Process process(listener);
    std::vector<FileDescriptor> kept;
    for (int i = 0; i < kKept; ++i) {
        kept.push_back(listener.connect());
        send(kept.back(), kEptRequest);
        REQUIRE(receive(kept.back()) == std::to_string(i + 1));
    }
    process.signal(SIGSTOP);
    std::vector<FileDescriptor> fresh;
    for (int i = 0; i < kNew; ++i) {
        fresh.push_back(listener.connect());
        send(fresh.back(), kRequest);
    }
    for (const FileDescriptor& connection : kept) send(connection, kEptRequest);
    process.signal(SIGCONT);
    for (const FileDescriptor& connection : fresh) {
        const int place = std::stoi(receive(connection)) - kKept;
        CHECK(place > 0);
        CHECK(place < kKept);
    }
    for (const FileDescriptor& connection : kept) CHECK_FALSE(receive(connection).empty());
}

TEST_CASE("two processes share the work, and one continues when the other is killed") {
    const Listener listener;
    const Process one(listener);
    const Process other(listener);
    for (int i = 0; i < 20; ++i) {
        const FileDescriptor client = listener.connect();
        send(client, kRequest);
        REQUIRE_FALSE(receive(client).empty());
    }
    one.signal(SIGKILL);
    const FileDescriptor client = listener.connect();
    send(client, kRequest);
    CHECK_FALSE(receive(client).empty());
}

TEST_CASE("SIGTERM ends a process with 0, whether it is idle or has kept connections") {
    const Listener listener;
    Process process(listener);
    const FileDescriptor client = listener.connect();
    send(client, GENERATE(as<std::string>(), kRequest, kEptRequest));
    REQUIRE(receive(client) == "1");
    process.signal(GENERATE(SIGTERM, SIGINT));
    CHECK(process.wait() == 0);
}

TEST_CASE("a request that has arrived before SIGTERM is answered") {
    const Listener listener;
    for (int i = 0; i < 50; ++i) {
        Process process(listener);
        const FileDescriptor kept = listener.connect();
        send(kept, kEptRequest);
        REQUIRE(receive(kept) == "1");
        process.signal(SIGSTOP);
        send(kept, kEptRequest);
        process.signal(SIGTERM);
        process.signal(SIGCONT);
        REQUIRE(receive(kept) == "2");
        REQUIRE(process.wait() == 0);
    }
}

TEST_CASE("a reply that nobody reads before SIGTERM is known to be lost") {
    const Listener listener;
    Process process(listener, 0, std::chrono::milliseconds(200));
    const FileDescriptor busy = listener.connect();
    {
        const FileDescriptor client = listener.connect();
        send(client, kEptRequest);
        pollfd waiting = {client.get(), POLLIN, 0};
        REQUIRE(::poll(&waiting, 1, kPatience) == 1);
        // It is served while the other one goes, so that the end comes before that is seen.
        send(busy, kRequest);
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    process.signal(SIGTERM);
    CHECK(process.wait() == 1);
}

TEST_CASE("after SIGTERM new connections have 200 ms in all for their first request") {
    constexpr std::chrono::milliseconds kFirstRequest{200};
    const Listener listener;
    Process process(listener);
    std::vector<FileDescriptor> silent;
    for (int i = 0; i < 100; ++i) silent.push_back(listener.connect());
    // Answered after all of them have been accepted.
    const FileDescriptor client = listener.connect();
    send(client, kRequest);
    REQUIRE(receive(client) == "1");
    const auto begin = std::chrono::steady_clock::now();
    process.signal(SIGTERM);
    REQUIRE(process.wait() == 0);
    const auto time = std::chrono::steady_clock::now() - begin;
    CHECK(time >= kFirstRequest);
    CHECK(time < 50 * kFirstRequest);  // each on its own would take 100 times as long
}

TEST_CASE("after SIGTERM a connection that has been used is not waited for") {
    const Listener listener;
    // A busy machine may take as long; waiting takes it each time.
    for (int i = 0; i < 50; ++i) {
        Process process(listener);
        const FileDescriptor kept = listener.connect();
        send(kept, kEptRequest);
        REQUIRE(receive(kept) == "1");
        const auto begin = std::chrono::steady_clock::now();
        process.signal(SIGTERM);
        REQUIRE(process.wait() == 0);
        if (std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(200)) return;
    }
    FAIL("all processes have taken 200 ms and more");
}

TEST_CASE("no SIGTERM is lost and no request fails, whenever it comes") {
    const Listener listener;
    std::atomic<bool> stop = false;
    std::atomic<int> lost = 0;
    std::atomic<int> served = 0;
    std::thread load([&] {
        while (!stop) {
            const FileDescriptor client = listener.connect();
            if (::send(client.get(), kRequest.data(), kRequest.size(), MSG_NOSIGNAL) < 0 ||
                receive(client).empty()) {
                ++lost;
            } else {
                ++served;
            }
        }
    });
    const Process sibling(listener);
    for (int i = 0; i < 100; ++i) {
        Process process(listener);
        ::usleep(static_cast<useconds_t>(i * 37 % 3000));
        process.signal(SIGTERM);
        // Before its handlers are there the signal ends the process: it has served nothing yet.
        const int code = process.wait();
        CHECK((code == 0 || code == -1));
    }
    stop = true;
    load.join();
    CHECK(lost == 0);
    CHECK(served > 0);
}

TEST_CASE("signals that only reopen logs end nothing") {
    const Listener listener;
    const Process process(listener);
    const FileDescriptor client = listener.connect();
    send(client, kEptRequest);
    REQUIRE(receive(client) == "1");
    process.signal(SIGHUP);
    process.signal(SIGUSR1);
    send(client, kEptRequest);
    CHECK(receive(client) == "2");
}

TEST_CASE("a process that is told to stop leaves what would take too long to other workers") {
    constexpr std::chrono::milliseconds kTakes{50};
    constexpr int kWaiting = 60;
    static_assert(kWaiting * kTakes > fcgi::Server::kDrain + std::chrono::milliseconds(500));
    const Listener listener;
    Process process(listener, 0, kTakes);
    std::vector<FileDescriptor> clients;
    for (int i = 0; i < kWaiting; ++i) {
        clients.push_back(listener.connect());
        send(clients.back(), kEptRequest);
        REQUIRE(receive(clients.back()) == std::to_string(i + 1));
    }
    process.signal(SIGSTOP);
    for (const FileDescriptor& client : clients) send(client, kEptRequest);
    process.signal(SIGTERM);
    process.signal(SIGCONT);
    CHECK(process.wait() == 0);
    int answered = 0;
    int closed = 0;
    for (const FileDescriptor& client : clients) {
        const std::string reply = receive(client);
        if (reply.empty()) {
            ++closed;  // without a byte, so that it can be repeated elsewhere
        } else {
            ++answered;
        }
    }
    CHECK(answered > 0);
    CHECK(closed > 0);
    CHECK(answered + closed == kWaiting);
    // As it happens with another worker: the requests are not lost.
    const Process sibling(listener);
    for (FileDescriptor& client : clients) {
        client = listener.connect();
        send(client, kRequest);
        CHECK_FALSE(receive(client).empty());
    }
}

TEST_CASE("a process that always has work to do is told to stop all the same") {
    const Listener listener;
    Process process(listener, 0, std::chrono::milliseconds(1));
    std::atomic<bool> is_over{false};
    std::vector<std::thread> clients;
    for (int i = 0; i < 8; ++i) {
        clients.emplace_back([&] {
            while (!is_over) {
                const FileDescriptor client = listener.connect();
                if (!client.is_open()) continue;
                while (!is_over &&
                       ::send(client.get(), kEptRequest.data(), kEptRequest.size(), MSG_NOSIGNAL) >
                           0 &&
                       !receive(client).empty()) {
                }
            }
        });
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    process.signal(SIGTERM);
    CHECK(process.wait() == 0);
    const Process sibling(listener);  // for those who wait
    is_over = true;
    for (std::thread& client : clients) client.join();
}

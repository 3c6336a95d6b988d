// A closed-loop FastCGI client, which asks workers without nginx: each of its kept connections
// sends the same request again as soon as it has the whole reply (FastCGI specification, 3.3: until
// FCGI_END_REQUEST).
//
//   fastcgi-load SOCKET CONNECTIONS SECONDS REQUEST_FILE
//
// Prints one line of JSON. It is quicker than a worker, so one of each, on a processor of its own,
// shows the worker's rate.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kHeaderSize = 8;
constexpr unsigned char kEndRequest = 3;
constexpr std::string_view kSuccess = "Status: 2";

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(EXIT_FAILURE);
}

struct Connection {
    int socket = -1;
    std::string reply;
};

// Whether the reply has its last record.
bool is_whole(std::string_view reply) {
    while (reply.size() >= kHeaderSize) {
        const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(reply[i]); };
        const std::size_t size = kHeaderSize + byte(4) * 256U + byte(5) + byte(6);
        if (size > reply.size()) return false;
        if (byte(1) == kEndRequest) return true;
        reply.remove_prefix(size);
    }
    return false;
}

class Client {
  public:
    Client(std::string_view path, std::size_t connections, std::string request)
        : request_(std::move(request)), connections_(connections) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        if (path.size() >= sizeof address.sun_path) fail("a path too long for a socket");
        path.copy(address.sun_path, path.size());
        for (Connection& connection : connections_) {
            connection.socket = socket(AF_UNIX, SOCK_STREAM, 0);
            if (connect(connection.socket, reinterpret_cast<sockaddr*>(&address), sizeof address) !=
                0)
                fail("connect");
            epoll_event event = {EPOLLIN, {.ptr = &connection}};
            epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.socket, &event);
        }
    }

    // Returns when the time is up and every reply has come.
    void run(Clock::duration duration) {
        const auto begin = Clock::now();
        for (Connection& connection : connections_) ask(connection);
        std::array<epoll_event, 64> events{};
        while (waiting_ > 0) {
            const int count = epoll_wait(epoll_, events.data(), int{events.size()}, -1);
            const bool goes_on = Clock::now() - begin < duration;
            for (int i = 0; i < count; ++i) {
                auto& connection =
                    *static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
                if (receive(connection) && goes_on) ask(connection);
            }
        }
        const std::chrono::duration<double> took = Clock::now() - begin;
        std::printf(R"({"requests":%zu,"seconds":%.6f,"failed":%zu})"
                    "\n",
                    replies_, took.count(), failed_);
    }

  private:
    void ask(Connection& connection) {
        connection.reply.clear();
        const ssize_t sent =
            send(connection.socket, request_.data(), request_.size(), MSG_NOSIGNAL);
        if (sent != static_cast<ssize_t>(request_.size())) fail("send");
        ++waiting_;
    }

    bool receive(Connection& connection) {
        std::array<char, 4096> piece;
        const ssize_t size = recv(connection.socket, piece.data(), piece.size(), 0);
        if (size <= 0) fail("the worker has closed a connection");
        connection.reply.append(piece.data(), static_cast<std::size_t>(size));
        if (!is_whole(connection.reply)) return false;
        --waiting_;
        ++replies_;
        if (connection.reply.compare(kHeaderSize, kSuccess.size(), kSuccess) != 0) ++failed_;
        return true;
    }

    int epoll_ = epoll_create1(0);
    std::string request_;
    std::vector<Connection> connections_;
    std::size_t waiting_ = 0;
    std::size_t replies_ = 0;
    std::size_t failed_ = 0;
};

}  // namespace

int main(int argc, char* argv[]) {
    if (argc != 5) return EXIT_FAILURE;
    std::ifstream file(argv[4], std::ios::binary);
    Client client(argv[1], std::strtoul(argv[2], nullptr, 10),
                  std::string(std::istreambuf_iterator<char>(file), {}));
    client.run(std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double>(std::atof(argv[3]))));
}

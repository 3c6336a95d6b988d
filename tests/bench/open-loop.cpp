// An open-loop HTTP client: requests begin when a Poisson process says so, whatever has become of
// those before. wrk cannot do that. A latency counts from the moment at which the request was due,
// so time in which no connection was free, or this client was late, is part of it.
//
//   open-loop PORT REQUESTS_PER_SECOND SECONDS CONNECTIONS BODY_FILE
//
// At a rate of 0 it is a closed loop: each connection asks again as soon as it has its reply.
//
// Prints one line of JSON. It shares the machine with what it measures: with more than about half
// of a core for itself its own delays show.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <iterator>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

struct Connection {
    int socket = -1;
    Time due;
    std::string reply;
};

struct Result {
    std::vector<double> milliseconds;
    std::vector<double> late;  // milliseconds until it was sent
    std::size_t failed = 0;
};

// The size of the whole reply, or 0 as long as its head is not there.
std::size_t reply_size(const std::string& reply) {
    static const std::string kName = "Content-Length: ";
    const std::size_t head = reply.find("\r\n\r\n");
    const std::size_t field = reply.find(kName);
    if (head == std::string::npos || field > head) return 0;
    return head + 4 + std::strtoul(reply.c_str() + field + kName.size(), nullptr, 10);
}

class Client {
  public:
    Client(in_port_t port, std::size_t connections, const std::string& body)
        : port_(port), connections_(connections) {
        request_ =
            "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            "Content-Length: " +
            std::to_string(body.size()) + "\r\n\r\n" + body;
        for (Connection& connection : connections_) open(connection);
    }

    Result run(double rate, double seconds) {
        std::mt19937_64 random(1);
        const Time begin = Clock::now();
        const Time end = begin + to_duration(seconds);
        const Time give_up = end + kPatience;
        if (rate <= 0) return saturate(end, give_up);
        std::exponential_distribution<double> gap(rate);
        Time next = begin + to_duration(gap(random));
        while (next < end || (busy() && Clock::now() < give_up)) {
            for (const Time now = Clock::now(); next <= now && next < end;
                 next += to_duration(gap(random))) {
                due_.push_back(next);
            }
            while (!due_.empty() && !free_.empty()) start();
            wait(next < end ? next : give_up);
        }
        result_.failed += due_.size() + connections_.size() - free_.size();
        return std::move(result_);
    }

  private:
    static constexpr std::chrono::seconds kPatience{60};  // with what is on its way at the end

    Result saturate(Time end, Time give_up) {
        for (Time now = Clock::now(); now < end || (busy() && now < give_up); now = Clock::now()) {
            while (now < end && !free_.empty()) {
                due_.push_back(Clock::now());
                start();
            }
            wait(now < end ? end : give_up);
        }
        result_.failed += connections_.size() - free_.size();
        return std::move(result_);
    }

    static Clock::duration to_duration(double seconds) {
        return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    }
    [[nodiscard]] bool busy() const { return !due_.empty() || free_.size() < connections_.size(); }

    void open(Connection& connection) {
        sockaddr_in address = {};
        address.sin_family = AF_INET;
        address.sin_port = htons(port_);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connection.socket = socket(AF_INET, SOCK_STREAM, 0);
        const int on = 1;
        setsockopt(connection.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (connect(connection.socket, reinterpret_cast<sockaddr*>(&address), sizeof address) !=
            0) {
            std::perror("connect");
            std::exit(EXIT_FAILURE);
        }
        epoll_event event = {EPOLLIN, {.ptr = &connection}};
        epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.socket, &event);
        free_.push_back(&connection);
    }

    void start() {
        Connection& connection = *free_.back();
        free_.pop_back();
        connection.due = due_.front();
        due_.pop_front();
        const std::chrono::duration<double, std::milli> late = Clock::now() - connection.due;
        result_.late.push_back(late.count());
        connection.reply.clear();
        // Blocks for a body larger than the socket's buffer; with such use few connections.
        send(connection.socket, request_.data(), request_.size(), MSG_NOSIGNAL);
    }

    void wait(Time until) {
        const auto left = std::max(until - Clock::now(), Clock::duration(0));
        const timespec limit = {left / std::chrono::seconds(1),
                                (left % std::chrono::seconds(1)).count()};
        std::array<epoll_event, 64> events{};
        const int count = epoll_pwait2(epoll_, events.data(), int{events.size()}, &limit, nullptr);
        for (int i = 0; i < count; ++i) {
            receive(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr));
        }
    }

    void receive(Connection& connection) {
        std::array<char, 16384> piece;
        const ssize_t size = recv(connection.socket, piece.data(), piece.size(), MSG_DONTWAIT);
        if (size < 0) return;
        if (size == 0) {  // closed: a failure if a reply was due
            close(connection.socket);
            const auto idle = std::find(free_.begin(), free_.end(), &connection);
            if (idle == free_.end())
                ++result_.failed;
            else
                free_.erase(idle);
            open(connection);
            return;
        }
        connection.reply.append(piece.data(), static_cast<std::size_t>(size));
        const std::size_t whole = reply_size(connection.reply);
        if (whole == 0 || connection.reply.size() < whole) return;
        const std::chrono::duration<double, std::milli> took = Clock::now() - connection.due;
        result_.milliseconds.push_back(took.count());
        if (connection.reply.compare(0, 10, "HTTP/1.1 2") != 0) ++result_.failed;
        free_.push_back(&connection);
    }

    in_port_t port_;
    int epoll_ = epoll_create1(0);
    std::string request_;
    std::vector<Connection> connections_;
    std::vector<Connection*> free_;
    std::deque<Time> due_;
    Result result_;
};

double percentile(std::span<const double> sorted, double part) {
    if (sorted.empty()) return 0;
    return sorted[std::min(sorted.size() - 1,
                           static_cast<std::size_t>(part * static_cast<double>(sorted.size())))];
}

}  // namespace

int main(int argc, char* argv[]) {
    if (argc != 6) return EXIT_FAILURE;
    prctl(PR_SET_TIMERSLACK, 1);
    std::ifstream file(argv[5], std::ios::binary);
    const std::string body(std::istreambuf_iterator<char>(file), {});
    Client client(static_cast<in_port_t>(std::atoi(argv[1])), std::strtoul(argv[4], nullptr, 10),
                  body);
    const double seconds = std::atof(argv[3]);
    Result result = client.run(std::atof(argv[2]), seconds);
    auto& all = result.milliseconds;
    std::sort(all.begin(), all.end());
    std::sort(result.late.begin(), result.late.end());
    std::printf(
        R"({"requests":%zu,"seconds":%.6f,"failed":%zu,"p50_ms":%.3f,"p95_ms":%.3f,"p99_ms":%.3f,)"
        R"("late_p50_ms":%.3f,"late_p99_ms":%.3f})"
        "\n",
        all.size(), seconds, result.failed, percentile(all, 0.5), percentile(all, 0.95),
        percentile(all, 0.99), percentile(result.late, 0.5), percentile(result.late, 0.99));
}

// Whatever bytes a web server sends on a connection before it ends it, with one exception: no
// parameter is announced as 16 MiB or longer. libfcgi 2.4.2 believes that, and dies for lack of
// memory. Bytes above 0x80, which begin such a length, are therefore cut to seven bits.

#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "appcore/fcgi/connection.hpp"
#include "fuzz.hpp"

using namespace appcore;

namespace {

constexpr std::size_t kMaxBody = 256;
constexpr std::size_t kLongBody = 64;
constexpr std::size_t kMaxInput = 16 * 1024;  // what a socket takes without a reader
constexpr std::chrono::milliseconds kStall{1000};

// Reads all of a request and answers little, so that no reply waits for a reader.
class Handler final : public fcgi::Handler {
  public:
    void handle(const http::Request& request, http::Response& response) override {
        fuzz::ensure(request.body.size() <= kMaxBody, "the limit holds");
        std::size_t sum = request.method_name.size() + request.target.size();
        for (const auto& header : request.headers) sum += header.value_or("").size();
        for (const char c : request.body) sum += static_cast<unsigned char>(c);
        response.set(200, http::kPlainText, sum % 2 == 0 ? "even" : "odd");
    }
    void request_arrives(int) override { ++open_; }
    void request_done(fcgi::Delivery) override { --open_; }
    [[nodiscard]] int open() const { return open_; }

  private:
    int open_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const bool kIsReady = fcgi::Connection::initialize().ok();
    static Handler handler;
    static fcgi::Buffers buffers;
    static const fcgi::Connection::Limits kLimits{kMaxBody, kLongBody, [] {}};
    if (!kIsReady || size > kMaxInput) return 0;

    std::array<int, 2> ends{};
    fuzz::ensure(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0, "a socket");
    const system::FileDescriptor peer(ends[0]);
    fcgi::Connection connection(system::FileDescriptor(ends[1]), kStall);
    static std::array<std::uint8_t, kMaxInput> bytes;
    std::transform(data, data + size, bytes.begin(), [](std::uint8_t byte) {
        return static_cast<std::uint8_t>(byte > 0x80 ? byte & 0x7fU : byte);
    });
    fuzz::ensure(::send(peer.get(), bytes.data(), size, 0) == static_cast<ssize_t>(size), "sent");
    ::shutdown(peer.get(), SHUT_WR);
    std::size_t served = 0;
    while (connection.serve(handler, buffers, kLimits) == fcgi::Connection::After::kept) {
        fuzz::ensure(++served <= size, "every request takes bytes");
        fuzz::ensure(handler.open() == 0, "each reply is reported");
    }
    fuzz::ensure(handler.open() == 0, "each reply is reported");
    return 0;
}

#include "appcore/system/listen_queue.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <vector>

#include "appcore/system/file_descriptor.hpp"
#include "catch.hpp"

using namespace appcore::system;

namespace {

// A process that has `descriptor` as its standard input and waits to be killed.
class Holder {
  public:
    explicit Holder(int descriptor) : pid_(::fork()) {
        if (pid_ != 0) return;
        ::dup2(descriptor, STDIN_FILENO);
        ::raise(SIGSTOP);
        ::_exit(0);
    }
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;
    ~Holder() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    [[nodiscard]] pid_t pid() const {
        ::waitpid(pid_, nullptr, WUNTRACED);
        return pid_;
    }

  private:
    pid_t pid_;
};

}  // namespace

TEST_CASE("connections that nobody has accepted are counted") {
    const FileDescriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    auto* const name = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(listener.get(), name, sizeof(sa_family_t)) == 0);
    REQUIRE(::listen(listener.get(), 10) == 0);
    socklen_t length = sizeof address;
    REQUIRE(::getsockname(listener.get(), name, &length) == 0);

    const Holder holder(listener.get());
    const pid_t pid = holder.pid();
    const auto empty = listen_queue(pid);
    if (!empty) {
        WARN("SKIP: this kernel does not tell (no unix_diag)");
        return;
    }
    CHECK(empty->unaccepted == 0);
    std::vector<FileDescriptor> clients;
    for (int i = 0; i < 3; ++i) {
        clients.emplace_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        REQUIRE(::connect(clients.back().get(), name, length) == 0);
    }
    CHECK(listen_queue(pid)->unaccepted == 3U);
    const FileDescriptor accepted(::accept(listener.get(), nullptr, nullptr));
    CHECK(listen_queue(pid)->unaccepted == 2U);
    CHECK(listen_queue(pid)->unread == 0U);
    REQUIRE(::send(clients.front().get(), "x", 1, 0) == 1);
    CHECK(listen_queue(pid)->unread == 1U);
    char byte = 0;
    REQUIRE(::recv(accepted.get(), &byte, 1, 0) == 1);
    CHECK(listen_queue(pid)->unread == 0U);
}

TEST_CASE("what is not a listening socket has no queue") {
    const FileDescriptor plain(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const Holder holder(plain.get());
    CHECK_FALSE(listen_queue(holder.pid()));
    const Holder other(-1);
    CHECK_FALSE(listen_queue(other.pid()));
    CHECK_FALSE(listen_queue(-1));
}

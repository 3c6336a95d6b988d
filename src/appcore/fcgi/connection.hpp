// One FastCGI connection from the web server, over libfcgi. Nothing outside this folder knows that
// library.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "appcore/fcgi/handler.hpp"
#include "appcore/result.hpp"
#include "appcore/system/file_descriptor.hpp"

struct FCGX_Request;

namespace appcore::fcgi {

// Memory that requests of one process share, one after the other.
struct Buffers {
    std::string body;
    http::Response response;
    std::string head;
};

class Connection {
  public:
    // Prepares libfcgi; once per process, after Signals.
    static Status initialize();

    // Takes over an accepted socket. Reads and writes on it that make no progress for `stall` end
    // the connection.
    Connection(system::FileDescriptor socket, std::chrono::milliseconds stall);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    [[nodiscard]] int descriptor() const;

    // Now, or as soon as it changes within `wait`. `gone` is a peer that has closed its end, with
    // whatever it has sent before; one that has only ended its writing still reads.
    enum class State : unsigned char { silent, readable, gone };
    [[nodiscard]] State state(std::chrono::milliseconds wait = {}) const;

    // Whether it has not brought a request yet.
    [[nodiscard]] bool is_fresh() const { return is_fresh_; }

    enum class After : unsigned char { kept, closed };

    // Whether the peer has closed its end without reading all of the reply that was sent last. To
    // be asked once.
    [[nodiscard]] bool lost_reply() const;

    // Reads one request whole, has it answered and sends the reply. Waits for the peer in between,
    // so that it is to be called when state() is `readable`. A body above `max_body` is answered
    // without being read, and so is one that there is no memory for; a request that the web server
    // has given up while its body was read is not answered at all, which would be work and a count
    // for nobody. `before_long` is called before a body of `long_body` bytes or more is read.
    // `kept` if the web server wants to send another request on this connection (FastCGI
    // specification, 3.5: FCGI_KEEP_CONN).
    struct Limits {
        std::size_t max_body;
        std::size_t long_body = static_cast<std::size_t>(-1);
        std::function<void()> before_long = {};
    };
    After serve(Handler& handler, Buffers& buffers, const Limits& limits);

  private:
    struct Outcome {
        After after;
        Delivery delivery;
    };
    Outcome serve_one(Handler& handler, Buffers& buffers, const Limits& limits);
    After finish(bool keep, bool linger);

    std::unique_ptr<FCGX_Request> request_;
    bool is_fresh_ = true;
    bool has_replied_ = false;
};

}  // namespace appcore::fcgi

// Headers, CORS, and what nginx tells of requests that it refuses. Input: the endpoint's byte, two
// bytes that say which headers are there, the status of a refusal (0: none), then the method and
// the value of each header, each up to a NUL, and the body.

#include "reply.hpp"

using namespace appcore;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static fuzz::Application application;
    fuzz::Input input(data, size);
    http::Request request;
    request.target = http::kEndpointPaths[input.byte() % http::kEndpointCount];
    unsigned present = input.byte();
    present |= static_cast<unsigned>(input.byte()) << 8U;
    if (const unsigned status = input.byte(); status != 0) {
        request.error_status = 399 + static_cast<int>(status);
    }
    request.method_name = input.text();
    request.method = http::parse_method(request.method_name);
    for (std::size_t i = 0; i < http::kHeaderCount; ++i) {
        if ((present >> i & 1U) != 0) request.headers[i] = input.text();
    }
    request.body_state = static_cast<http::BodyState>((present >> http::kHeaderCount) % 3);
    request.body = input.rest();

    const http::Response& response = application.answer(request);
    if (request.method == http::Method::head) fuzz::ensure(response.body_omitted(), "HEAD");
    if (response.status() == 405) {
        fuzz::ensure(fuzz::find_header(response.headers(), "Allow").has_value(), "405 says Allow");
    }
    return 0;
}

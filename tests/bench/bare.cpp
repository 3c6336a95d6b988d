// The yardstick: libfcgi's plain accept loop with a constant reply, as its manual shows it. With
// the argument "read" it reads the body first. Listens on standard input, keeps no connection,
// counts and logs nothing.
#include <fcgiapp.h>

#include <array>
#include <string_view>

int main(int argc, char* argv[]) {
    const bool reads = argc > 1 && std::string_view(argv[1]) == "read";
    static constexpr char kReply[] =
        "Status: 201 Created\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n"
        "{\"result\":2.0}";
    std::array<char, 65536> piece{};
    FCGX_Request request;
    FCGX_Init();
    FCGX_InitRequest(&request, 0, 0);
    while (FCGX_Accept_r(&request) == 0) {
        while (reads && FCGX_GetStr(piece.data(), int{piece.size()}, request.in) > 0) {
        }
        FCGX_PutStr(kReply, int{sizeof kReply - 1}, request.out);
        FCGX_Finish_r(&request);
    }
}

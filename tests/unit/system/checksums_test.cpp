#include <string>

#include "appcore/system/crc32c.hpp"
#include "appcore/system/sha256.hpp"
#include "catch.hpp"

using namespace appcore::system;

namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text));
}

}  // namespace

TEST_CASE("CRC-32C has the value of RFC 3720, with and without the processor's instruction") {
    CHECK(crc32c(bytes_of("123456789")) == 0xE3069283);
    CHECK(crc32c(bytes_of(std::string(32, '\0'))) == 0x8A9136AA);
    std::string text;
    for (int i = 0; i < 100; ++i) {
        CHECK(crc32c(bytes_of(text)) == crc32c_by_table(bytes_of(text)));
        text += static_cast<char>(i * 7);
    }
}

TEST_CASE("SHA-256 has the values of FIPS 180-4") {
    CHECK(to_base64(sha256(bytes_of("abc"))) == "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    CHECK(to_hex(sha256(bytes_of("abc"))) ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(to_hex(sha256(bytes_of(""))) ==
          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(to_hex(sha256(bytes_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))) ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    // As many bytes as fit into one block with the length behind them.
    CHECK(to_hex(sha256(bytes_of(std::string(55, 'a')))) ==
          "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
    CHECK(to_hex(sha256(bytes_of(std::string(1'000'000, 'a')))) ==
          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

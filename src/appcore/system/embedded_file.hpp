// Files of the source tree that are built into a program, byte for byte.
#pragma once

// Defines NAME_begin and NAME_end, the first byte of the file at `path`, which is relative to the
// tree, and the one behind its last. At namespace scope of a .cpp file only. The compiler does not
// see the file: Makefile says which object is rebuilt when it changes.
// clang-format off
#define APPCORE_EMBEDDED_FILE(name, path) \
    asm(".section .rodata\n"              \
        ".global " #name "_begin\n"       \
        ".global " #name "_end\n"         \
        #name "_begin:\n"                 \
        ".incbin \"" path "\"\n"          \
        #name "_end:\n"                   \
        ".byte 0\n"                       \
        ".previous\n");                   \
    extern "C" {                          \
    extern const char name##_begin[];     \
    extern const char name##_end[];       \
    }                                     \
    static_assert(true)  // wants the semicolon
// clang-format on

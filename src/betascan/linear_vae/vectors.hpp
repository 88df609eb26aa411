// What the kernels share: the vectors of the processor that they are compiled for, and the product
// of matrices that fits its registers.

#pragma once

#include <cstring>
#include <type_traits>

#if defined(__AVX512F__)
constexpr int VECTOR_BYTES = 64, REGISTERS = 32;
#elif defined(__AVX__)
constexpr int VECTOR_BYTES = 32, REGISTERS = 16;
#elif defined(__aarch64__)
constexpr int VECTOR_BYTES = 16, REGISTERS = 32;
#else  // SSE2
constexpr int VECTOR_BYTES = 16, REGISTERS = 16;
#endif

extern "C" int vector_bytes() { return VECTOR_BYTES; }

namespace {

// Sums of so many rows, two vectors each, take half of the registers; the terms take the others
constexpr int TILE_ROWS = REGISTERS / 4;

template <class Scalar>
constexpr int LANES = VECTOR_BYTES / sizeof(Scalar);

// Rows are padded to cache lines and not to vectors, so that files do not depend on the processor
template <class Scalar>
constexpr int padded(int n) {
    constexpr int line = 64 / sizeof(Scalar);
    return (n + line - 1) / line * line;
}

typedef float floats __attribute__((vector_size(VECTOR_BYTES)));
typedef double doubles __attribute__((vector_size(VECTOR_BYTES)));

inline floats load(const float* p) { floats v; std::memcpy(&v, p, sizeof v); return v; }
inline doubles load(const double* p) { doubles v; std::memcpy(&v, p, sizeof v); return v; }
inline void store(float* p, floats v) { std::memcpy(p, &v, sizeof v); }
inline void store(double* p, doubles v) { std::memcpy(p, &v, sizeof v); }

// A matrix read number by number: entry (i, k) lies at p[i * row + k * column]
template <class Scalar>
struct Entries { const Scalar* p; int row, column; };

// sum[t] += sum_k a(t, k) b[k] for T rows of C vectors, k in [from, to)
template <int T, int C, class Vector, class Scalar>
inline void multiply_add(Vector (&sum)[T][C], Entries<Scalar> a, const Scalar* b, int stride,
                         int from, int to) {
    for (int k = from; k < to; ++k) {
        Vector right[C];
#pragma GCC unroll 2
        for (int c = 0; c < C; ++c) right[c] = load(b + k * stride + c * LANES<Scalar>);
#pragma GCC unroll 8
        for (int t = 0; t < T; ++t) {
            const Scalar left = a.p[t * a.row + k * a.column];
#pragma GCC unroll 2
            for (int c = 0; c < C; ++c) sum[t][c] += left * right[c];
        }
    }
}

// task(j, C) for every column j at which C = 2 vectors begin, and one at the end of an odd number
template <class Scalar, class Task>
inline void by_columns(int columns, Task task) {
    int j = 0;
    for (; j + LANES<Scalar> < columns; j += 2 * LANES<Scalar>)
        task(j, std::integral_constant<int, 2>{});
    if (j < columns) task(j, std::integral_constant<int, 1>{});
}

}  // namespace

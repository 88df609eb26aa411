// AdamW on the lambda-beta objective of a linear-Gaussian VAE: exact gradients, one thread.
//
// Compiled on first use with -DOBSERVED=n -DLATENTS=m -DFACTORS=s -DNOISE=..: constant bounds. The
// arithmetic is that of autograd on `adamw.objective`, which it is tested against.
//
// A model's parameters are one row of doubles, padded with zeros to whole cache lines:
//   A^T [m][n]  decoder          B [m][n]  encoder
//   C  lower triangle by rows: Sigma_W = C C^T, encoder noise
//   U  upper triangle by rows: Sigma_Z = U^T U, decoder noise
// Diagonals of C and U are stored as logarithms.

#include "vectors.hpp"

#include <cmath>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace {

constexpr int V = LANES<double>;
constexpr int BLOCK = 2 * V;  // columns at a time: triangles waste half a block at their edge
constexpr int N = OBSERVED, M = LATENTS, S = FACTORS;
constexpr int NP = padded<double>(N);  // padding is 0 and stays 0
constexpr int X = 0, A = M, H = 2 * M, G = 3 * M;  // columns of what the residual is made of
constexpr int Q = G + S, QP = padded<double>(Q);
constexpr int NC = M * (M + 1) / 2, NU = N * (N + 1) / 2, PARAMETERS = 2 * M * N + NC + NU;
constexpr int PADDED = padded<double>(PARAMETERS);
constexpr double FLOOR = NOISE;  // of the data: Sigma_Y = G G^T + FLOOR I

typedef doubles vec;

#if defined(__AVX512F__)  // two Newton steps on a 14-bit estimate take a third of the exact time
inline vec inverse(vec x) {
    const vec y = (vec)_mm512_rcp14_pd((__m512d)x), z = y * (2. - x * y);
    return z * (2. - x * z);
}
inline vec root(vec x) {
    x += 1e-300;  // the inverse root of 0 is no number
    const vec y = (vec)_mm512_rsqrt14_pd((__m512d)x), z = y * (1.5 - .5 * x * y * y);
    return x * z * (1.5 - .5 * x * z * z);
}
#else
inline vec inverse(vec x) { return 1. / x; }
inline vec root(vec x) {
    for (int lane = 0; lane < V; ++lane) x[lane] = std::sqrt(x[lane]);
    return x;
}
#endif

double dot(const double* a, const double* b, int size = NP) {
    vec sum = {};
    for (int j = 0; j < size; j += V) sum += load(a + j) * load(b + j);
    double total = 0;
    for (int lane = 0; lane < V; ++lane) total += sum[lane];
    return total;
}

typedef Entries<double> Read;

template <int T> struct Rows { constexpr operator int() const { return T; } };

// out[t][0..columns) = keep * out + sum_k a(t, k) b[k][0..columns) for T rows, k in [from, to)
template <int T>
inline void multiply(double* out, int stride, Read a, Rows<T>, const double* b, int b_stride,
                     int from, int to, int columns, double keep = 0) {
    by_columns<double>(columns, [&](int j, auto vectors) {
        constexpr int C = vectors;
        vec sum[T][C] = {};
        multiply_add(sum, a, b + j, b_stride, from, to);
#pragma GCC unroll 8
        for (int t = 0; t < T; ++t)
#pragma GCC unroll 2
            for (int c = 0; c < C; ++c) {
                double* place = out + t * stride + j + c * V;
                store(place, keep == 0 ? sum[t][c] : keep * load(place) + sum[t][c]);
            }
    });
}

// task(i, Rows<T>) for rows i..i + T, a tile at a time while there are as many
template <int T = TILE_ROWS, class Task>
inline void by_rows(int rows, Task task, int i = 0) {
    for (; i + T <= rows; i += T) task(i, Rows<T>{});
    if constexpr (T > 1) by_rows<T / 2>(rows, task, i);
}

struct alignas(64) Scratch {
    double AT[M * NP], B[M * NP], XT[M * NP], HT[M * NP], GT[S * NP];
    double U[NP * NP], Y[NP * NP], P[NP * NP], gU[NP * NP];  // Y = inverse of U^T, P of U^T U
    double stack[NP * QP], Y_stack[NP * QP], P_stack[Q * NP];  // [X A -H G], Y it, (P it)^T
    double C[M * M], W[M * M], K[M * M], gK[M * M], BG[M * S], PG[M * S], diagonal[N];
};

void unpack(Scratch& s, const double* p) {
    for (int k = 0; k < M; ++k) {
        std::memcpy(s.AT + k * NP, p + k * N, N * sizeof *p);
        std::memcpy(s.B + k * NP, p + (M + k) * N, N * sizeof *p);
    }
    p += 2 * M * N;
    for (int i = 0; i < M; ++i)
        for (int j = 0; j <= i; ++j, ++p) s.C[i * M + j] = i == j ? std::exp(*p) : *p;
    for (int i = 0; i < N; ++i) {
        s.diagonal[i] = std::exp(*p);
        std::memcpy(s.U + i * NP + i, p, (N - i) * sizeof *p);
        s.U[i * NP + i] = s.diagonal[i];
        p += N - i;
    }
}

void invert(Scratch& s) {  // Y U^T = 1, by rows of the lower triangle
    by_rows(N, [&](int i, auto rows) {
        const int end = (i + rows + V - 1) / V * V;
        for (int j = 0; j < i; j += BLOCK) {
            const int columns = i - j < BLOCK ? i - j : BLOCK;
            multiply(s.Y + i * NP + j, NP, {s.U + i, 1, NP}, rows, s.Y + j, NP, j, i, columns);
        }
        for (int r = i; r < i + rows; ++r) {
            double* row = s.Y + r * NP;
            const double scale = 1 / s.diagonal[r];
            for (int j = (i + V - 1) / V * V; j < end; ++j) row[j] = 0;  // not reached above
            for (int k = i; k < r; ++k)
                for (int j = 0; j < end; j += V)
                    store(row + j, load(row + j) + s.U[k * NP + r] * load(s.Y + k * NP + j));
            for (int j = 0; j < end; j += V) store(row + j, load(row + j) * -scale);
            row[r] = scale;
        }
    });
}

struct Value { double loss, nll; };

// The objective, and its gradient in the order of the parameters
Value objective(Scratch& s, const double* p, double* g, double beta, double lambda) {
    unpack(s, p);
    // Sigma_Y B^T, the variance K of the latents, and X = A K - Sigma_Y B^T
    double log_C = 0, log_U = 0, latent = 0, squares = FLOOR * N;
    for (int k = 0; k < M; ++k)
        for (int f = 0; f < S; ++f) s.BG[k * S + f] = dot(s.B + k * NP, s.GT + f * NP);
    std::memcpy(s.HT, s.B, sizeof s.HT);
    by_rows(M, [&](int k, auto rows) {
        multiply(s.HT + k * NP, NP, {s.BG + k * S, S, 1}, rows, s.GT, NP, 0, S, NP, FLOOR);
    });
    for (int i = 0; i < M; ++i)
        for (int j = 0; j < M; ++j) {
            double w = 0;
            for (int k = 0; k <= (i < j ? i : j); ++k) w += s.C[i * M + k] * s.C[j * M + k];
            s.K[i * M + j] = (s.W[i * M + j] = w) + dot(s.B + i * NP, s.HT + j * NP);
        }
    std::memcpy(s.XT, s.HT, sizeof s.XT);
    by_rows(M, [&](int k, auto rows) {
        multiply(s.XT + k * NP, NP, {s.K + k * M, M, 1}, rows, s.AT, NP, 0, M, NP, -1);
    });
    for (int k = 0; k < M; ++k) {
        latent += s.K[k * M + k];
        log_C += std::log(s.C[k * M + k]);
        squares += dot(s.XT + k * NP, s.AT + k * NP) - dot(s.AT + k * NP, s.HT + k * NP);
    }
    for (int i = 0; i < N; ++i) log_U += std::log(s.diagonal[i]);
    for (int f = 0; f < S; ++f) squares += dot(s.GT + f * NP, s.GT + f * NP);
    // residual covariance R = FLOOR I + X A^T - A (Sigma_Y B^T)^T + G G^T, never formed
    for (int i = 0; i < N; ++i) {
        double* row = s.stack + i * QP;
        for (int k = 0; k < M; ++k) {
            row[X + k] = s.XT[k * NP + i];
            row[A + k] = s.AT[k * NP + i];
            row[H + k] = -s.HT[k * NP + i];
        }
        for (int f = 0; f < S; ++f) row[G + f] = s.GT[f * NP + i];
    }
    invert(s);
    by_rows(N, [&](int i, auto rows) {
        multiply(s.Y_stack + i * QP, QP, {s.Y + i * NP, NP, 1}, rows, s.stack, QP, 0, i + rows, QP);
    });
    // P = Y^T Y, and P times each column of the stack; rows of Y end at their diagonal, so that
    // k starts at j
    for (int j = 0; j < NP; j += BLOCK) {
        const int columns = NP - j < BLOCK ? NP - j : BLOCK;
        const int last = j + columns < N ? j + columns : N;
        by_rows(last, [&](int i, auto rows) {
            const int from = i > j ? i : j;
            multiply(s.P + i * NP + j, NP, {s.Y + i, 1, NP}, rows, s.Y + j, NP, from, N, columns);
        });
        const auto apply = [&](int q, auto rows) {
            double* out = s.P_stack + q * NP + j;
            multiply(out, NP, {s.Y_stack + q, 1, QP}, rows, s.Y + j, NP, j, N, columns);
        };
        by_rows(2 * M, apply);  // of X and A
        by_rows(S, [&](int f, auto rows) { apply(G + f, rows); });
    }
    double trace = 0;
    for (int i = 0; i < N; ++i) trace += FLOOR * s.P[i * NP + i];
    for (int k = 0; k < M; ++k)
        trace += dot(s.AT + k * NP, s.P_stack + (X + k) * NP)
               - dot(s.HT + k * NP, s.P_stack + (A + k) * NP);
    for (int f = 0; f < S; ++f) trace += dot(s.GT + f * NP, s.P_stack + (G + f) * NP);
    // gradient of U: -Y R P above the diagonal
    for (int j = 0; j < NP; j += BLOCK) {
        const int columns = NP - j < BLOCK ? NP - j : BLOCK;
        by_rows(j + columns < N ? j + columns : N, [&](int i, auto rows) {
            double* out = s.gU + i * NP + j;
            multiply(out, NP, {s.Y + i * NP, NP, 1}, rows, s.P + j, NP, 0, i + rows, columns);
            multiply(out, NP, {s.Y_stack + i * QP + A, QP, 1}, rows, s.P_stack + j, NP, 0, 2 * M,
                     columns, FLOOR);
            multiply(out, NP, {s.Y_stack + i * QP, QP, 1}, rows, s.P_stack + j, NP, G, Q,
                     columns, 1);
        });
    }
    // likelihood and squared error together: (P + 2 lambda) X and (P + 2 lambda) A
    for (int j = 0; j < M * NP; j += V) {
        store(s.P_stack + X * NP + j, load(s.P_stack + X * NP + j) + 2 * lambda * load(s.XT + j));
        store(s.P_stack + A * NP + j, load(s.P_stack + A * NP + j) + 2 * lambda * load(s.AT + j));
    }
    const double* PA = s.P_stack + A * NP;
    for (int i = 0; i < M; ++i) {
        for (int j = 0; j < M; ++j)
            s.gK[i * M + j] = dot(s.AT + i * NP, PA + j * NP) + (i == j ? beta : 0);
        for (int f = 0; f < S; ++f) s.PG[i * S + f] = -dot(PA + i * NP, s.GT + f * NP);
    }
    std::memcpy(s.XT, PA, sizeof s.XT);  // by now the gradient of B
    by_rows(M, [&](int k, auto rows) {
        double* out = s.XT + k * NP;
        multiply(out, NP, {s.gK + k * M, M, 1}, rows, s.HT, NP, 0, M, NP, -FLOOR);
        multiply(out, NP, {s.PG + k * S, S, 1}, rows, s.GT, NP, 0, S, NP, 1);
    });
    for (int k = 0; k < M; ++k) {
        std::memcpy(g + k * N, s.P_stack + (X + k) * NP, N * sizeof *g);
        std::memcpy(g + (M + k) * N, s.XT + k * NP, N * sizeof *g);
    }
    g += 2 * M * N;
    for (int i = 0; i < M; ++i)
        for (int j = 0; j <= i; ++j, ++g) {
            *g = 0;
            for (int k = j; k < M; ++k) *g += s.gK[i * M + k] * s.C[k * M + j];
            if (i == j) *g = *g * s.C[i * M + i] - beta;
        }
    for (int i = 0; i < N; ++i) {
        for (int j = i; j < N; ++j) g[j - i] = -s.gU[i * NP + j];
        *g = 1 + *g * s.diagonal[i];
        g += N - i;
    }
    const double nll = log_U + trace / 2 + N * std::log(2 * M_PI) / 2;
    return {nll + beta * ((latent - M) / 2 - log_C) + lambda * squares, nll};
}

}  // namespace

extern "C" {

// `steps` updates of one model. p, first and second moments [PADDED] change in place, as do
// best: the least loss, its negative log-likelihood, and B and Sigma_W at it.
// GT [s][n]: the data's factors, Sigma_Y = G G^T + FLOOR I
void train(double* p, double* first, double* second, double* best, const double* GT, double beta,
           double lambda, long done, int steps, double lr, double weight_decay, double clip) {
    static thread_local Scratch s = {};
    alignas(64) static thread_local double g[PADDED];
    for (int f = 0; f < S; ++f) std::memcpy(s.GT + f * NP, GT + f * N, N * sizeof *GT);
    constexpr double b1 = .9, b2 = .999, tiny = 1e-8;
    for (int step = 0; step < steps; ++step) {
        const Value value = objective(s, p, g, beta, lambda);
        if (value.loss < best[0]) {
            std::memcpy(best, &value, sizeof value);
            std::memcpy(best + 2, p + M * N, M * N * sizeof *p);
            std::memcpy(best + 2 + M * N, s.W, sizeof s.W);
        }
        // as torch's clip_grad_norm_
        const double shrunk = clip / (std::sqrt(dot(g, g, PADDED)) + 1e-6);
        const double factor = shrunk < 1 ? shrunk : 1;
        const double t = double(done + step + 1);
        const double scale = lr / (1 - std::pow(b1, t)), decayed = 1 - lr * weight_decay;
        const double correction = 1 / std::sqrt(1 - std::pow(b2, t));
        for (int i = 0; i < PADDED; i += V) {  // AdamW as in torch.optim
            const vec slope = load(g + i) * factor;
            const vec mean = (1 - b1) * slope + b1 * load(first + i);
            const vec square = (1 - b2) * slope * slope + b2 * load(second + i);
            const vec ratio = mean * inverse(root(square) * correction + tiny);
            store(first + i, mean);
            store(second + i, square);
            store(p + i, decayed * load(p + i) - scale * ratio);
        }
    }
}
}

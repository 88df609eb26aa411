// One point of a linear-VAE scan: manual gradients and Adam in float32, one thread.
//
// Compiled on first use with -DFEATURES=d -DLATENTS=K, so that every loop bound is a constant.
// The arithmetic is that of torch_engine.py, which is the reference it is tested against.
//
// A point's parameters are one row of floats, padded as in layout.py (padding stays 0):
//   A [d + 1][LP]  encoder mean, last row its bias        B [d + 1][LP]  encoder log-variance
//   W [d][LP]      decoder                                c [XP]         decoder bias
// An input row holds x, then 1 for the biases, then zeros up to XP.

#include "vectors.hpp"

#include <cmath>
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace {

constexpr int V = LANES<float>;
constexpr int D = FEATURES, E = D + 1;
constexpr int XP = padded<float>(E), LP = padded<float>(LATENTS);
constexpr int NA = E * LP, NB = E * LP, NW = D * LP, PARAMETERS = NA + NB + NW + XP;
constexpr int ROWS = 32;  // samples a block: its activations stay in the first-level cache

typedef floats vec;
typedef Entries<float> Read;
typedef int ivec __attribute__((vector_size(VECTOR_BYTES)));

inline vec exponential(vec x) {
    // exp x = 2^n exp f with |f| <= log(2)/2; Taylor to degree 7 leaves 1 ulp or so
    x = x < -87.f ? x * 0.f - 87.f : x;
    x = x > 88.f ? x * 0.f + 88.f : x;
    const vec shifted = x * 1.44269504f + 12582912.f;  // 1.5 * 2^23: rounds to nearest
    const vec n = shifted - 12582912.f;
    const vec f = x - n * .693359375f + n * 2.12194440e-4f;
    vec p = f * 1.98412698e-4f + 1.38888889e-3f;
    p = p * f + 8.33333333e-3f;
    p = p * f + 4.16666667e-2f;
    p = p * f + 1.66666667e-1f;
    p = p * f + .5f;
    p = p * f * f + f + 1.f;
    const ivec exponent = __builtin_convertvector(n, ivec) << 23;
    ivec bits; std::memcpy(&bits, &p, sizeof bits);
    bits += exponent;
    std::memcpy(&p, &bits, sizeof p);
    return p;
}

// out[n][:] = sum_i in[n][i] m[i][:] for `ROWS` rows, I terms, `width` floats a row of m and out
template <int I, int width>
inline void multiply(float* out, const float* in, int in_stride, const float* m) {
    constexpr int T = TILE_ROWS;
    for (int n = 0; n < ROWS; n += T)
        by_columns<float>(width, [&](int j, auto vectors) {
            constexpr int C = vectors;
            vec sum[T][C] = {};
            multiply_add(sum, Read{in + n * in_stride, in_stride, 1}, m + j, width, 0, I);
#pragma GCC unroll 8
            for (int t = 0; t < T; ++t)
#pragma GCC unroll 2
                for (int c = 0; c < C; ++c) store(out + (n + t) * width + j + c * V, sum[t][c]);
        });
}

template <int T>
inline void accumulate_rows(float* g, const float* left, int stride, const float* right) {
    by_columns<float>(LP, [&](int j, auto vectors) {
        constexpr int C = vectors;
        vec sum[T][C];
#pragma GCC unroll 8
        for (int t = 0; t < T; ++t)
#pragma GCC unroll 2
            for (int c = 0; c < C; ++c) sum[t][c] = load(g + t * LP + j + c * V);
        multiply_add(sum, Read{left, 1, stride}, right + j, LP, 0, ROWS);
#pragma GCC unroll 8
        for (int t = 0; t < T; ++t)
#pragma GCC unroll 2
            for (int c = 0; c < C; ++c) store(g + t * LP + j + c * V, sum[t][c]);
    });
}

// g[i][:] += sum_n left[n][i] right[n][:] for i < I: the gradient of a linear layer
template <int I>
inline void accumulate(float* g, const float* left, int stride, const float* right) {
    constexpr int T = TILE_ROWS;
    int i = 0;
    for (; i + T <= I; i += T) accumulate_rows<T>(g + i * LP, left + i, stride, right);
    if constexpr (I % T > 0) accumulate_rows<I % T>(g + i * LP, left + i, stride, right);
}

void transpose(float* out, const float* w) {  // W [d][LP] -> [LP][XP], padding 0
    for (int k = 0; k < LP; ++k)
        for (int j = 0; j < XP; ++j) out[k * XP + j] = j < D ? w[j * LP + k] : 0.f;
}

void column_norms(float* out, const float* w, const float* variance) {  // sum_j v_j w_jk^2
    for (int k = 0; k < LP; ++k) out[k] = 0.f;
    for (int j = 0; j < D; ++j)
        for (int k = 0; k < LP; ++k) out[k] += variance[j] * w[j * LP + k] * w[j * LP + k];
}

struct Block { alignas(64) float mean[ROWS * LP], log_variance[ROWS * LP], z[ROWS * LP],
               spread[ROWS * LP], residual[ROWS * XP], d_z[ROWS * LP]; };

void encode(Block& s, const float* x, const float* p) {
    multiply<E, LP>(s.mean, x, XP, p);
    multiply<E, LP>(s.log_variance, x, XP, p + NA);
}

void reconstruct(Block& s, const float* z, const float* x, const float* w_transposed,
                 const float* c) {  // residual = W z + c - x
    multiply<LP, XP>(s.residual, z, LP, w_transposed);
    for (int n = 0; n < ROWS; ++n)
        for (int j = 0; j < XP; j += V)
            store(s.residual + n * XP + j,
                  load(s.residual + n * XP + j) + load(c + j) - load(x + n * XP + j));
}

// Gradient of mean_n(D) + beta mean_n(R) over the `count` rows of x; D weighs each feature
void gradient(float* g, const float* p, const float* x, const float* noise,
              const float* variance, int count, float beta, bool analytic) {
    const float *W = p + NA + NB, *c = W + NW;
    float *dA = g, *dB = g + NA, *dW = dB + NB, *dc = dW + NW;
    alignas(64) static thread_local float w_transposed[LP * XP];
    alignas(64) float norms[LP], sigma2_mean[LP] = {};
    static thread_local Block s;
    transpose(w_transposed, W);
    if (analytic) column_norms(norms, W, variance);
    std::memset(g, 0, PARAMETERS * sizeof *g);
    for (int start = 0; start < count; start += ROWS, x += ROWS * XP, noise += ROWS * LP) {
        encode(s, x, p);
        for (int e = 0; e < ROWS * LP; e += V) {
            const vec spread = exponential(load(s.log_variance + e) * .5f);
            store(s.spread + e, spread);
            const vec mean = load(s.mean + e);
            store(s.z + e, analytic ? mean : mean + spread * load(noise + e));
        }
        reconstruct(s, s.z, x, w_transposed, c);
        for (int n = 0; n < ROWS; ++n) {  // rows beyond the batch weigh nothing
            const float weight = start + n < count ? 1.f / count : 0.f;
            for (int j = 0; j < XP; j += V)
                store(s.residual + n * XP + j,
                      load(s.residual + n * XP + j) * load(variance + j) * weight);
        }
        multiply<D, LP>(s.d_z, s.residual, XP, W);
        for (int n = 0; n < ROWS; ++n) {
            const float weight = start + n < count ? 1.f / count : 0.f, rate = beta * weight;
            for (int k = 0; k < LP; k += V) {
                const int e = n * LP + k;
                const vec spread = load(s.spread + e), sigma2 = spread * spread;
                const vec d_z = load(s.d_z + e);
                const vec noise_term = analytic ? sigma2 * load(norms + k) * weight
                                                : d_z * spread * load(noise + e);
                store(s.log_variance + e, .5f * (noise_term + rate * (sigma2 - 1.f)));
                store(s.d_z + e, d_z + rate * load(s.mean + e));
                if (analytic)
                    store(sigma2_mean + k, load(sigma2_mean + k) + sigma2 * weight);
            }
        }
        accumulate<E>(dA, x, XP, s.d_z);
        accumulate<E>(dB, x, XP, s.log_variance);  // by now its gradient
        accumulate<D>(dW, s.residual, XP, s.z);
        for (int n = 0; n < ROWS; ++n)
            for (int j = 0; j < XP; j += V)
                store(dc + j, load(dc + j) + load(s.residual + n * XP + j));
    }
    if (analytic)
        for (int j = 0; j < D; ++j)
            for (int k = 0; k < LP; ++k)
                dW[j * LP + k] += variance[j] * W[j * LP + k] * sigma2_mean[k];
    for (int j = D; j < XP; ++j) dc[j] = 0.f;
}

// Subnormal numbers count as zero as long as it lives, or the moments of collapsed latents would
// crawl; the mode is the caller's again afterwards.
struct FlushSubnormals {
#if defined(__SSE__)
    const unsigned before = _mm_getcsr();
    FlushSubnormals() { _mm_setcsr(before | 0x8040); }
    ~FlushSubnormals() { _mm_setcsr(before); }
#endif
};

}  // namespace

extern "C" {

// `steps` updates of one point. x [steps][batch][XP], noise [steps][batch][LP], counts [steps]
// rows that hold samples, variance [XP] the weight of each feature's squared error; parameters,
// first and second moments [PARAMETERS] change in place.
void train(float* p, float* first, float* second, const float* x, const float* noise,
           const float* variance, const int* counts, int steps, int batch, long done, float beta,
           float lr, float epsilon, int analytic) {
    const FlushSubnormals flush;
    alignas(64) static thread_local float g[PARAMETERS];
    constexpr double b1 = .9, b2 = .999;
    constexpr float f1 = 1 - b1, f2 = 1 - b2;
    for (int step = 0; step < steps; ++step) {
        gradient(g, p, x + (long)step * batch * XP, noise + (long)step * batch * LP,
                 variance, counts[step], beta, analytic);
        const double t = double(done + step + 1);
        const float scale = lr / (1 - std::pow(b1, t));
        const float correction = 1 / std::sqrt(1 - std::pow(b2, t));
        for (int i = 0; i < PARAMETERS; ++i) {  // Adam as in torch.optim
            first[i] += f1 * (g[i] - first[i]);
            second[i] += f2 * (g[i] * g[i] - second[i]);
            p[i] -= scale * first[i] / (std::sqrt(second[i]) * correction + epsilon);
        }
    }
}

// Mean distortion and mean rate of one point, the posterior noise integrated out exactly.
// x [rows][XP], rows padded with zeros to a multiple of 32
void evaluate(const float* p, const float* x, const float* variance, long count,
              double* distortion, double* rate) {
    const FlushSubnormals flush;
    const float *W = p + NA + NB, *c = W + NW;
    alignas(64) static thread_local float w_transposed[LP * XP];
    alignas(64) float norms[LP];
    static thread_local Block s;
    transpose(w_transposed, W);
    column_norms(norms, W, variance);
    double squares = 0, spread = 0, divergence = 0;
    for (long start = 0; start < count; start += ROWS, x += ROWS * XP) {
        encode(s, x, p);
        reconstruct(s, s.mean, x, w_transposed, c);
        const int rows = count - start < ROWS ? int(count - start) : ROWS;
        vec block_squares[XP / V] = {}, block_spread = {}, block_divergence = {};
        for (int n = 0; n < rows; ++n) {
            for (int j = 0; j < XP; j += V) {
                const vec r = load(s.residual + n * XP + j);
                block_squares[j / V] += load(variance + j) * r * r;
            }
            for (int k = 0; k < LP; k += V) {
                const vec mean = load(s.mean + n * LP + k), log = load(s.log_variance + n * LP + k);
                const vec sigma2 = exponential(log);
                block_spread += sigma2 * load(norms + k);
                block_divergence += mean * mean + sigma2 - log - 1.f;
            }
        }
        for (int j = 0; j < D; ++j) squares += block_squares[j / V][j % V];
        for (int lane = 0; lane < V; ++lane) {
            spread += block_spread[lane];
            divergence += block_divergence[lane];
        }
    }
    *distortion = .5 * (squares + spread) / count;
    *rate = .5 * divergence / count;
}
}

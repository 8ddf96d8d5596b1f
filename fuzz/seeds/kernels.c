// What the seeds in `object` are compiled from: a kernel's constants and calls, tables of functions and of jumps,
// functions and data outside, and memory that begins as zeros. `seeds/make` compiles it.
extern void *memcpy(void *, const void *, __SIZE_TYPE__);
extern void outside(void);
extern int elsewhere;
static float table[16] = {1, 2, 3, 4};
static float zeros[100];
static void one(int *p) { *p = 1; }
static void two(int *p) { *p = 2; }
static void (*const functions[])(int *) = {one, two};
void tgk_addresses(void **p) { p[0] = outside; p[1] = &elsewhere; p[2] = zeros; p[3] = table; }
void tgk_call(int *p, int i) { functions[i & 1](p); zeros[i] += table[i & 15]++; }
float tgk_scale(float x) { return x * 3.14159f + 0.5f; }
int tgk_switch(int i, int a) {
  switch (i) {
  case 0: return a * 3;
  case 1: return a - 7;
  case 2: return a / 3;
  case 3: return a % 5;
  case 4: return a ^ 77;
  case 5: outside(); return a;
  default: return 0;
  }
}
void tgk_copy(char *a, char *b, long n) { memcpy(a, b, n); }

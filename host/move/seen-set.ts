/** Which of numbered things were met: a bit each, so that ten million are a megabyte and a quarter. */
export class SeenSet {
  #bits = new Uint8Array(1024)

  add(index: number): void {
    const at = index >>> 3
    if (at >= this.#bits.length) {
      const larger = new Uint8Array(Math.max(at + 1, 2 * this.#bits.length))
      larger.set(this.#bits)
      this.#bits = larger
    }
    this.#bits[at] = (this.#bits[at] ?? 0) | (1 << (index & 7))
  }

  has(index: number): boolean {
    return ((this.#bits[index >>> 3] ?? 0) & (1 << (index & 7))) !== 0
  }
}

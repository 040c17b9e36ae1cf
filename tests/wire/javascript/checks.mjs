// Counts what holds and prints what does not. One object for each program.

export class Checks {
  passed = 0;
  failed = [];

  // Notes whether something holds.
  that(name, holds, told = "") {
    if (holds) {
      this.passed += 1;
    } else {
      this.failed.push(name);
      console.error(`FAILED: ${name}: ${told}`);
    }
  }

  // Notes whether two values are the same.
  equal(name, got, wanted) {
    this.that(name, text(got) === text(wanted), `got ${short(got)}, wanted ${short(wanted)}`);
  }

  // Prints the tally and sets how the program ends.
  finish() {
    for (const name of this.failed) console.log(`failed: ${name}`);
    console.log(`checks passed: ${this.passed}`);
    process.exitCode = this.failed.length || !this.passed ? 1 : 0;
  }
}

const text = (value) =>
  JSON.stringify(value, (_, member) => (typeof member === "bigint" ? `${member}n` : member)) ?? "undefined";

// A value as text that fits a line or two.
export function short(value) {
  const whole = text(value);
  return whole.length <= 400 ? whole : `${whole.slice(0, 400)}... (${whole.length} characters)`;
}

package org.demo.lib;

/** What the library is for. */
public final class Greeting {
  private Greeting() {}

  public static String text() {
    return "GREETING";
  }
}

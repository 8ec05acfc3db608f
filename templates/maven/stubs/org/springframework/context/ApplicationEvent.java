package org.springframework.context;

/** Stands for Spring's class of this name when SpringStart is compiled; no package holds it. */
public abstract class ApplicationEvent {}

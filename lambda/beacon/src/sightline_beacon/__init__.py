"""The beacon: takes Web Vitals and errors from browsers, for those who run no Sightline server.

A Lambda function behind an API Gateway HTTP API: batches of Sightline's browser SDK in, lines of JSON and embedded
metric format out. Everything is cleaned by the dictionary before it is written.
"""

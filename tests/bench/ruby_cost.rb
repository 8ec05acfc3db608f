# frozen_string_literal: true

# Processor time of a connection, once the first was made, and memory of one that stays open.
#
#     ruby [-r acme_ca] ruby_cost.rb PORT default|store       with the default store, or one of its own each

require 'openssl'
require 'socket'

port, kind = ARGV

def connect(port, kind)
  context = OpenSSL::SSL::SSLContext.new
  context.cert_store = OpenSSL::X509::Store.new.tap(&:set_default_paths) if kind == 'store'
  context.set_params(verify_hostname: false)
  # Whoever the server is: what is measured is that it is asked.
  context.verify_callback = ->(*) { true }
  OpenSSL::SSL::SSLSocket.new(TCPSocket.new('127.0.0.1', port.to_i), context).tap(&:connect)
end

def spent
  Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID)
end

def memory
  File.read('/proc/self/statm').split[1].to_i * 4
end

start = spent
connect(port, kind).close
first = spent - start
connections = kind == 'store' ? 30 : 100
start = spent
connections.times { connect(port, kind).close }
each = (spent - start) / connections
GC.start
before = memory
kept = Array.new(50) { connect(port, kind) }
puts format('%<first>.2f %<each>.3f %<kb>.0f', first: first * 1000, each: each * 1000, kb: (memory - before) / kept.size)

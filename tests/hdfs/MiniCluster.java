// SPDX-License-Identifier: Apache-2.0

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.security.PrivilegedExceptionAction;
import java.util.ArrayDeque;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.hdfs.HdfsConfiguration;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.hdfs.MiniDFSCluster.DataNodeProperties;
import org.apache.hadoop.hdfs.MiniDFSNNTopology;
import org.apache.hadoop.hdfs.protocol.HdfsConstants.SafeModeAction;
import org.apache.hadoop.hdfs.security.token.delegation.DelegationTokenIdentifier;
import org.apache.hadoop.hdfs.security.token.delegation.DelegationTokenSecretManager;
import org.apache.hadoop.hdfs.server.namenode.NameNodeAdapter;
import org.apache.hadoop.security.Credentials;
import org.apache.hadoop.security.SaslRpcServer.AuthMethod;
import org.apache.hadoop.security.UserGroupInformation;
import org.apache.hadoop.security.token.Token;
import org.apache.hadoop.security.token.delegation.AbstractDelegationTokenSecretManager;
import org.apache.log4j.Level;
import org.apache.log4j.Logger;

/**
 * The nameservice "mycluster" of two NameNodes, nn1 and nn2, and three DataNodes in one process, which ends with its
 * standard input. Each line there is a command; the answer on standard output is "ok" or what went wrong.
 *
 * <p>Arguments: a folder for the data, then the RPC and HTTP ports of nn1 and of nn2, and for a cluster with Kerberos a
 * keytab with the principals hdfs/localhost and HTTP/localhost.
 */
public final class MiniCluster {
  private static final String SERVICE = "mycluster";

  private final MiniDFSCluster cluster;
  private final ArrayDeque<DataNodeProperties> stopped = new ArrayDeque<>();
  private int active = 0;

  private MiniCluster(String folder, int[] ports, Configuration conf) throws Exception {
    conf.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, folder);
    // DataNodes ask the nameservice, as on a real cluster, so that what they do survives a failover too.
    conf.set("dfs.client.failover.proxy.provider." + SERVICE,
        "org.apache.hadoop.hdfs.server.namenode.ha.ConfiguredFailoverProxyProvider");
    conf.setInt("dfs.ha.tail-edits.period", 1);
    conf.setBoolean("dfs.ha.standby.checkpoints", false);
    MiniDFSNNTopology.NSConf service = new MiniDFSNNTopology.NSConf(SERVICE);
    for (int i = 0; i < 2; i++) {
      service.addNN(new MiniDFSNNTopology.NNConf("nn" + (i + 1)).setIpcPort(ports[2 * i]).setHttpPort(ports[2 * i + 1]));
    }
    cluster = new MiniDFSCluster.Builder(conf).nnTopology(new MiniDFSNNTopology().addNameservice(service))
        .numDataNodes(3).build();
    cluster.transitionToActive(active);
    cluster.waitActive(active);
    if (UserGroupInformation.isSecurityEnabled()) { // the tests are not its superuser
      cluster.getNameNode(active).getRpcServer().setPermission("/", new FsPermission((short) 0777));
    }
  }

  /** Everybody must show a ticket or a token, over plain HTTP. */
  private static void secure(Configuration conf, String keytab) throws Exception {
    conf.set("hadoop.security.authentication", "kerberos");
    for (String role : new String[] {"dfs.namenode.", "dfs.datanode."}) {
      conf.set(role + "kerberos.principal", "hdfs/localhost@TEST.DGA");
      conf.set(role + "keytab.file", keytab);
    }
    conf.set("hadoop.http.filter.initializers", "org.apache.hadoop.hdfs.web.AuthFilterInitializer");
    conf.set("hadoop.http.authentication.type", "kerberos");
    for (String prefix : new String[] {"dfs.web.authentication.", "hadoop.http.authentication."}) {
      conf.set(prefix + "kerberos.principal", "HTTP/localhost@TEST.DGA");
      conf.set(prefix + "kerberos.keytab", keytab);
    }
    conf.setBoolean("dfs.block.access.token.enable", true);
    conf.set("dfs.data.transfer.protection", "authentication");
    conf.setBoolean("ignore.secure.ports.for.testing", true);
    UserGroupInformation.setConfiguration(conf);
    UserGroupInformation.loginUserFromKeytab("hdfs/localhost@TEST.DGA", keytab);
  }

  private void obey(String[] words) throws Exception {
    switch (words[0]) {
      case "active": { // NUMBER: the other one, if it runs, becomes the standby
        int wanted = Integer.parseInt(words[1]);
        if (cluster.getNameNode(1 - wanted) != null && cluster.getNameNode(1 - wanted).isActiveState()) {
          cluster.transitionToStandby(1 - wanted);
        }
        active = wanted;
        if (!cluster.getNameNode(wanted).isActiveState()) {
          cluster.transitionToActive(wanted);
        }
        cluster.waitActive(wanted);
        return;
      }
      case "kill": // NUMBER
        cluster.shutdownNameNode(Integer.parseInt(words[1]));
        return;
      case "start": // NUMBER: a NameNode that was killed, on its ports and its files, as a standby
        cluster.restartNameNode(Integer.parseInt(words[1]), false);
        return;
      case "safemode": // enter or leave
        cluster.getNameNode(active).getRpcServer().setSafeMode(
            words[1].equals("enter") ? SafeModeAction.SAFEMODE_ENTER : SafeModeAction.SAFEMODE_LEAVE, false);
        return;
      case "stop-datanode": // the NameNode will name it for minutes
        stopped.add(cluster.stopDataNode(0));
        return;
      case "start-datanodes":
        while (!stopped.isEmpty()) {
          cluster.restartDataNode(stopped.pop(), true);
        }
        cluster.waitActive(active);
        return;
      case "folders": // PATH COUNT: makes that many in PATH, called f000000 and so on
        for (int i = 0; i < Integer.parseInt(words[2]); i++) {
          cluster.getNameNode(active).getRpcServer().mkdirs(
              String.format("%s/f%06d", words[1], i), new FsPermission((short) 0755), true);
        }
        return;
      case "tokens": { // USER FILE RENEWER: a delegation token, in a file as YARN gives to its containers
        UserGroupInformation user = UserGroupInformation.createRemoteUser(words[1], AuthMethod.KERBEROS);
        PrivilegedExceptionAction<Credentials> create =
            () -> DelegationTokenSecretManager.createCredentials(cluster.getNameNode(active), user, words[3]);
        user.doAs(create).writeTokenStorageFile(new Path("file://" + words[2]), new Configuration());
        return;
      }
      case "renew-interval": { // MS: how long tokens last that are issued or renewed from now on
        Field interval = AbstractDelegationTokenSecretManager.class.getDeclaredField("tokenRenewInterval");
        interval.setAccessible(true);
        for (int i = 0; i < 2; i++) {
          interval.setLong(NameNodeAdapter.getDtSecretManager(cluster.getNamesystem(i)), Long.parseLong(words[1]));
        }
        return;
      }
      case "cancel": { // FILE: makes the tokens in it worthless
        Credentials tokens = Credentials.readTokenStorageFile(new Path("file://" + words[1]), new Configuration());
        for (Token<?> token : tokens.getAllTokens()) {
          DelegationTokenIdentifier identifier = (DelegationTokenIdentifier) token.decodeIdentifier();
          PrivilegedExceptionAction<Void> cancel = () -> {
            cluster.getNameNode(active).getRpcServer().cancelDelegationToken(
                new Token<>(token.getIdentifier(), token.getPassword(), token.getKind(), token.getService()));
            return null;
          };
          UserGroupInformation.createRemoteUser(identifier.getUser().getUserName(), AuthMethod.KERBEROS).doAs(cancel);
        }
        return;
      }
      default:
        throw new IllegalArgumentException("no such command: " + words[0]);
    }
  }

  public static void main(String[] arguments) throws Exception {
    PrintStream answers = System.out;
    System.setOut(System.err); // where Hadoop's log goes
    Logger.getRootLogger().setLevel(Level.WARN);
    int[] ports = new int[4];
    for (int i = 0; i < 4; i++) {
      ports[i] = Integer.parseInt(arguments[i + 1]);
    }
    Configuration conf = new HdfsConfiguration();
    if (arguments.length > 5) {
      secure(conf, arguments[5]);
    }
    MiniCluster self = new MiniCluster(arguments[0], ports, conf);
    answers.println("ok");
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
    for (String line = commands.readLine(); line != null; line = commands.readLine()) {
      try {
        self.obey(line.split(" "));
        answers.println("ok");
      } catch (Exception failure) {
        answers.println(failure.toString().replace('\n', ' '));
      }
    }
    System.exit(0);
  }
}
